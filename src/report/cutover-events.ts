import { z } from 'zod';
import { attemptLimits, writer } from '../contract/delta';
import type { ReportDocument } from '../contract/report';
import type { ReportData } from './report-data';

/** What the events of a run say about its cutover and its drills. */

const attempt = z.object({
  by: z.string(),
  outcome: z.string(),
  freezeMs: z.number(),
  lockAttempts: z.number(),
  changedKeys: z.number(),
  sentence: z.string(),
  limits: attemptLimits.optional(),
});

const list = z.object({ moment: z.string(), writers: z.array(writer) });

export function cutoversOf(events: ReportData['events']): ReportDocument['cutovers'] {
  return events
    .filter(({ kind }) => kind === 'drill' || kind === 'cutover')
    .flatMap(({ at, kind, body }) => {
      const parsed = attempt.safeParse(body);
      return parsed.success ? [{ at, drill: kind === 'drill', ...parsed.data }] : [];
    });
}

/** Everybody whom any look saw, by moment; an attempt looks before it stops writers. Of several looks the one with most sessions counts. */
export function writersOf(events: ReportData['events']): ReportDocument['writers'] {
  const seen = new Map<string, ReportDocument['writers'][number]>();
  for (const { kind, body } of events.filter(({ kind: one }) => ['writers', 'drill', 'cutover'].includes(one))) {
    const parsed = list.safeParse(kind === 'writers' ? body : { moment: 'before', ...body });
    if (!parsed.success) continue;
    const { moment, writers } = parsed.data;
    for (const one of writers) {
      const key = JSON.stringify([moment, one.source, one.application, one.user]);
      const known = seen.get(key);
      if (known === undefined || known.sessions < one.sessions) seen.set(key, { moment, ...one });
    }
  }
  return [...seen.values()];
}
