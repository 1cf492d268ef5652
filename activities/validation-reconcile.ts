import type { ValidationActivities } from '../src/contract/activity-types';
import type { CompiledMapping } from '../src/contract/compiled';
import { decisionFor } from '../src/profile/decision-match';
import { coversRows } from '../src/profile/undecided';
import { observeDecisions, type ObservedDecision } from '../src/postgres/ledger/decision-effect';
import { readChecks } from '../src/postgres/ledger/check-result';
import { proofTotals } from '../src/postgres/ledger/proof';
import { quarantineByFinding } from '../src/postgres/ledger/proof-quarantine';
import { readLedgerBooks, storeVerdict } from '../src/postgres/ledger/verdict';
import type { LoadedRun } from '../src/postgres/ledger/run';
import { countRows, countScope } from '../src/postgres/queries/proof-rows';
import { mappingsOfRun } from '../src/rollback/mappings-of-run';
import { qualified } from '../src/sql/quote';
import { closeBooks, type ClosedBooks } from '../src/validate/books';
import type { DecisionEffect } from '../src/validate/decision-effect';
import { reachVerdict } from '../src/validate/verdict';
import { onTarget } from './prepare-host';
import { sourceStatement, type ReadyHost } from './validation-host';

/** Sources are opened once a connection, not once a mapping. */
async function countSources(
  host: ReadyHost,
  run: LoadedRun,
  mappings: readonly CompiledMapping[],
  beat: () => void,
): Promise<Map<string, { total: number; outOfScope: number }>> {
  const counts = new Map<string, { total: number; outOfScope: number }>();
  for (const source of new Set(mappings.map((mapping) => mapping.source))) {
    const session = await host.databases.source(run.compiled, source, 'reconcile');
    try {
      for (const mapping of mappings.filter((one) => one.source === source)) {
        beat();
        counts.set(
          mapping.name,
          await countScope(session, sourceStatement(run, mapping, mapping.statements.scopeCounts)),
        );
      }
    } finally {
      await session.close();
    }
  }
  return counts;
}

function restricted(run: LoadedRun): boolean {
  return (run.options.only ?? []).length > 0;
}

/** A part of the rows or of the tables shows a part of a decision's effect: nothing is promised about it. */
function effectOf(run: LoadedRun, mappings: readonly CompiledMapping[], decision: ObservedDecision): DecisionEffect {
  const { finding, action, expected, tolerance, observed } = decision;
  const whole =
    run.options.sample === undefined &&
    (!restricted(run) || mappings.some((one) => finding.startsWith(`${one.name}.`)));
  const promised = whole && expected !== null ? { rows: expected, tolerance: tolerance ?? 0 } : null;
  return { finding, action, expected: promised, observed };
}

/** Idempotent: counts again and replaces the stored verdict. Nothing is green that is not in the ledger. */
export function createReconcile(host: ReadyHost): ValidationActivities['reconcile'] {
  return (ref) =>
    onTarget(host, ref, 'reconcile', async ({ run, session, beat }) => {
      const mappings = mappingsOfRun(run.compiled, run.options);
      const sources = await countSources(host, run, mappings, beat);
      const proofs = await proofTotals(session, run.run);
      const books: ClosedBooks[] = [];
      for (const mapping of mappings) {
        beat();
        books.push(
          closeBooks({
            mapping: mapping.name,
            target: `${mapping.target.schema}.${mapping.target.name}`,
            source: sources.get(mapping.name) ?? { total: 0, outOfScope: 0 },
            targetRows: await countRows(session, qualified(mapping.target)),
            ...(await readLedgerBooks(session, run.run, mapping.name)),
            proof: proofs.find((proof) => proof.mapping === mapping.name) ?? null,
          }),
        );
      }
      const decisions = await observeDecisions(session, run);
      const undecided = (await quarantineByFinding(session, run.run)).filter(
        ({ finding }) => !coversRows(decisionFor(decisions, finding)),
      );
      const verdict = reachVerdict({
        books,
        effects: decisions.map((decision) => effectOf(run, mappings, decision)),
        undecided,
        checks: await readChecks(session, run.run),
        required: [
          'reference',
          'rule',
          'constraint',
          ...(run.compiled.plan.spotChecks.length > 0 ? ['spot_check'] : []),
        ],
        reexecuted: proofs.flatMap((proof) => proof.reexecutedColumns.map((column) => `${proof.mapping}.${column}`)),
        only: restricted(run) ? mappings.map((mapping) => mapping.name) : [],
        sample: run.options.sample ?? null,
      });
      await storeVerdict(session, run.run, verdict);
      return verdict;
    });
}
