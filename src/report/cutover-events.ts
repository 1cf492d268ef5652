import { z } from 'zod';
import { writer } from '../contract/delta';
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

/** Of each moment the last look counts. */
export function writersOf(events: ReportData['events']): ReportDocument['writers'] {
  const looks = new Map<string, ReportDocument['writers']>();
  for (const { body } of events.filter(({ kind }) => kind === 'writers')) {
    const parsed = list.safeParse(body);
    if (!parsed.success) continue;
    const { moment, writers } = parsed.data;
    looks.set(
      moment,
      writers.map((one) => ({ moment, ...one })),
    );
  }
  return [...looks.values()].flat();
}
