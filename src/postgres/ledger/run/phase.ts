import type { Phase } from '../../../contract/run';
import type { Session } from '../../session';
import { joinTransaction } from '../../transaction';
import { runNotFound } from './run';

/** Records that a phase started or finished. Again is harmless: the first times stay; a started phase is the run's phase. */
export async function setPhase(
  session: Session,
  run: string,
  phase: Phase,
  moment: 'started' | 'finished',
): Promise<void> {
  await joinTransaction(session, async () => {
    if (moment === 'started') {
      const { rowCount } = await session.query('update rowproof.run set phase = $2 where run = $1', [run, phase]);
      if (rowCount === 0) throw runNotFound(run);
      await session.query(
        'insert into rowproof.phase (run, phase) values ($1, $2) on conflict (run, phase) do nothing',
        [run, phase],
      );
      return;
    }
    await session.query(
      `insert into rowproof.phase (run, phase, finished_at) values ($1, $2, pg_catalog.clock_timestamp())
       on conflict (run, phase) do update set finished_at = coalesce(rowproof.phase.finished_at, excluded.finished_at)`,
      [run, phase],
    );
  });
}

export interface PhaseTimes {
  readonly phase: Phase;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
}

/** All phases with their times, in the order in which they started. */
export async function readPhases(session: Session, run: string): Promise<PhaseTimes[]> {
  const iso = (column: string): string => `pg_catalog.to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  const { rows } = await session.query<PhaseTimes>(
    `select phase, ${iso('started_at')} as "startedAt", ${iso('finished_at')} as "finishedAt"
     from rowproof.phase where run = $1 order by started_at, finished_at`,
    [run],
  );
  return rows;
}
