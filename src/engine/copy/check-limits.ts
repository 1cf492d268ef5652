import type { RunRef } from '../../contract/run';
import { allowedBadRows } from '../../copy/row-limit';
import { fail } from '../../errors/rowproof-error';
import { batchTotals } from '../../postgres/ledger/batch';
import { profiledRows } from '../../postgres/ledger/decision/copy-decision';
import { countOwnBadRows } from '../../postgres/ledger/quarantine/quarantine';
import { decisionFor } from '../../profile/decision-match';
import { coversRows } from '../../profile/undecided';
import { type Host, mappingOf } from '../host';
import { decisionsOf } from '../run/decisions';
import { onLedger } from '../session-scope';

/**
 * RP5011 when a table that stops on bad rows has one without a decision, RP5010 when more rows than max_bad_rows are bad.
 * Rows that only follow a parent, and findings with a decision that expects them, do not count. Reads only.
 */
export function createCheckLimits(host: Host) {
  return async (ref: RunRef, mappingName: string): Promise<void> => {
    await onLedger(host, ref, `limits of ${mappingName}`, async (session) => {
      const run = await host.databases.run(ref, session);
      const mapping = mappingOf(run, mappingName);
      const bad = await countOwnBadRows(session, run.run, mapping.name);
      if (bad.length === 0) return;
      const decisions = await decisionsOf(session, run);
      const undecided = bad.filter(({ finding }) => !coversRows(decisionFor(decisions, finding)));
      if (mapping.onBadRow === 'stop' && undecided.length > 0) {
        throw fail('RP5011', `${mapping.name} stops on bad rows, and has some of ${listed(undecided)}`, {
          where: { object: mapping.name },
        });
      }
      const counted = bad.filter(({ finding }) => decisionFor(decisions, finding)?.expectsRows !== true);
      const rows = counted.reduce((sum, one) => sum + one.rows, 0);
      const copied = (await batchTotals(session, run.run, mapping.name)).sourceRows;
      const known = await profiledRows(session, run.run, mapping.name);
      const allowed = allowedBadRows(mapping.maxBadRows, Math.max(known ?? 0, copied));
      if (allowed !== null && rows > allowed) {
        throw fail('RP5010', `${mapping.name} has ${rows} bad rows, ${allowed} are allowed: ${listed(counted)}`, {
          where: { object: mapping.name },
        });
      }
    });
  };
}

function listed(findings: readonly { finding: string; rows: number }[]): string {
  const worst = [...findings].sort((a, b) => b.rows - a.rows).slice(0, 5);
  const more = findings.length - worst.length;
  return `${worst.map(({ finding, rows }) => `${finding} (${rows})`).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
