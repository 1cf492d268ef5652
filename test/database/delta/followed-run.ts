import { LeaseHolder } from '../../../src/engine/follow/apply-lease';
import { runRound, type RoundOutcome } from '../../../src/engine/follow/run-round';
import type { CaptureActivities, DeltaActivities } from '../../../src/contract/activity-types';
import type { Settings } from '../../../src/contract/resolved-plan';
import { createDatabases } from '../../../src/postgres/databases';
import { quietSettings } from '../../support/postgres/quiet-settings';
import { openCopyRun, type CopyRun, type CopyRunDraft } from '../copy/copy-run';
import type { Host } from '../../../src/engine/host';
import { createCaptureActivities } from '../../../activities/capture';
import { createDeltaActivities } from '../../../activities/follow';

/** A copied run whose capture stands: rounds can follow. */
export interface FollowedRun extends CopyRun {
  readonly host: Host;
  readonly capture: CaptureActivities;
  readonly delta: DeltaActivities;
  /** One round of a holder of its own. */
  round(limit?: number): Promise<RoundOutcome>;
  /** Rounds of one holder until one leaves nothing behind. */
  catchUp(limit?: number): Promise<RoundOutcome>;
  /** A host on other urls, such as a proxy's. */
  hostOf(options: { sourceUrl?: string; targetUrl?: string; signal?: AbortSignal }): Host;
}

export type FollowedDraft = Omit<CopyRunDraft, 'settings'> & {
  readonly delta?: Partial<Settings['delta']>;
  readonly settings?: Partial<Settings>;
};

/** Capture first, then the copy, as a hybrid run does; `between` is SQL of the application between both. */
export async function openFollowedRun(draft: FollowedDraft, between = ''): Promise<FollowedRun> {
  const run = await openCopyRun({
    capture: 'triggers',
    ...draft,
    settings: {
      pattern: 'hybrid',
      delta: { ...quietSettings.delta, pauseMs: 10, ...draft.delta },
      ...draft.settings,
    },
  });
  try {
    const hostOf: FollowedRun['hostOf'] = ({ sourceUrl, targetUrl, signal }) => ({
      databases: createDatabases({
        env: {
          SOURCE_URL: sourceUrl ?? run.source.url,
          TARGET_URL: targetUrl ?? run.target.url,
          ...(run.second === null ? {} : { SECOND_URL: run.second.url }),
        },
        plansFolder: null,
        readPlanTarget: () => Promise.reject(new Error('no plans folder here')),
      }),
      signal: () => signal,
      heartbeat: () => undefined,
    });
    const host = hostOf({});
    const capture = createCaptureActivities(host);
    await capture.installCapture(run.ref);
    if (between !== '') await run.source.query(between);
    await run.copyAll();
    const catchUp: FollowedRun['catchUp'] = async (limit = 20_000) => {
      const holder = await LeaseHolder.open(host, run.ref, 'test');
      try {
        for (;;) {
          const outcome = await runRound(holder, { limit, heartbeat: () => undefined });
          if (outcome.complete) return outcome;
        }
      } finally {
        await holder.end(true);
      }
    };
    const round: FollowedRun['round'] = async (limit = 20_000) => {
      const holder = await LeaseHolder.open(host, run.ref, 'test');
      try {
        return await runRound(holder, { limit, heartbeat: () => undefined });
      } finally {
        await holder.end(true);
      }
    };
    return { ...run, host, capture, delta: createDeltaActivities(host), round, catchUp, hostOf };
  } catch (error) {
    await run.drop();
    throw error;
  }
}

/** Ids 1 to 500, one text. */
export const people: FollowedDraft = {
  source: `create table people (id int primary key, name text, email text);
    insert into people select g, 'p' || g, 'p' || g || '@x' from generate_series(1, 500) g`,
  target: 'create table people (id int primary key, name text, email text)',
  mappings: [{ name: 'people', columns: [{ target: 'id' }, { target: 'name' }, { target: 'email' }] }],
};

/** All rows of a table on both sides, ordered by their text. */
export async function bothSides(run: CopyRun, table: string, columns: string): Promise<[unknown, unknown]> {
  const sql = `select ${columns} from ${table} order by 1`;
  return [await run.source.query(sql), await run.target.query(sql)];
}
