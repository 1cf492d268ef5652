import { fail } from '../../errors/rowproof-error';
import { sumAdjustments } from '../../postgres/ledger/quarantine/adjustment';
import { lockApplyLease, readApplyLease, setRulesOn } from '../../postgres/ledger/follow/apply-lease';
import { changeTarget } from '../../postgres/queries/schema-change/settings';
import type { Alignment } from '../follow/round-contract';
import { settleTarget } from './settle-run';
import type { TargetWork } from '../target-work';
import type { Host } from '../host';

/** How settle gets a moment in which the target is T(source); a round of the run that stays open. */
export type AlignForSettle = () => Promise<Alignment>;

const attempts = 3;

/**
 * Settle of a run that follows: losers go to held tables and quarantine, and then rounds uphold the rules. Converges when
 * repeated from any point: a round before the rules are on may let rows in again, and they are judged anew.
 */
export async function settleFollowed(
  host: Host,
  work: TargetWork,
  align: AlignForSettle,
): Promise<{ adjusted: number; rounds: number }> {
  const { session, run } = work;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if ((await readApplyLease(session, run.run, 'delta'))?.rulesOn === true) return sumAdjustments(session, run.run);
    const alignment = await align();
    try {
      const sources = new Map([...alignment.sources].map(([name, source]) => [name, source.session]));
      const settled = await settleTarget(host, work, sources);
      const on = await changeTarget(
        session,
        run.run,
        { object: 'rowproof.apply_lease', onAttempt: work.heartbeat },
        async () => {
          const lease = await lockApplyLease(session, run.run, 'delta');
          if (lease?.round !== alignment.round) return false;
          await setRulesOn(session, run.run);
          return true;
        },
      );
      if (on) return settled;
    } finally {
      await alignment.close();
    }
  }
  throw fail('RP5444', `Rounds of ${run.run} went on while it was settled`, { where: { object: run.run } });
}
