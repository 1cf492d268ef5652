import type { ValidationActivities } from '../src/contract/activity-types';
import type { CompiledMapping } from '../src/contract/compiled';
import { decisionFor, decisionMatches } from '../src/profile/decision-match';
import { readChecks } from '../src/postgres/ledger/check-result';
import { proofTotals } from '../src/postgres/ledger/proof';
import { countQuarantined, quarantineByFinding, quarantineFindings } from '../src/postgres/ledger/proof-quarantine';
import { readLedgerBooks, readPromises, storeVerdict, type PromisedEffect } from '../src/postgres/ledger/verdict';
import type { LoadedRun } from '../src/postgres/ledger/run';
import { countRows, countScope } from '../src/postgres/queries/proof-rows';
import type { Session } from '../src/postgres/session';
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

/** Operators' decisions replace the plan's on the same finding. */
async function promises(session: Session, run: LoadedRun): Promise<PromisedEffect[]> {
  const stored = await readPromises(session, run.run);
  const fromPlan = run.compiled.plan.decisions
    .filter((decision) => !stored.some((one) => one.finding === decision.finding))
    .map(({ finding, do: action, expect }) => ({ finding, action, expect }));
  return [...stored, ...fromPlan];
}

async function effects(
  session: Session,
  run: LoadedRun,
  decisions: readonly PromisedEffect[],
  mappings: readonly CompiledMapping[],
): Promise<DecisionEffect[]> {
  const findings = await quarantineFindings(session, run.run);
  const partial = mappings.length < run.compiled.mappings.length;
  const results: DecisionEffect[] = [];
  for (const { finding, action, expect } of decisions) {
    // decisions that leave rows where they are promise nothing about rows left behind
    if (action !== 'quarantine' && action !== 'out_of_scope') continue;
    const covered = findings.filter(
      (id) => decisionMatches(finding, id) && decisionFor(decisions, id)?.finding === finding,
    );
    const observed = await countQuarantined(session, run.run, covered);
    // a part of the rows shows a part of the effect
    const whole =
      run.options.sample === undefined && (!partial || mappings.some((one) => finding.startsWith(`${one.name}.`)));
    results.push({ finding, action, expected: whole ? expect : null, observed });
  }
  return results;
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
      const decisions = await promises(session, run);
      const undecided = (await quarantineByFinding(session, run.run)).filter(
        ({ finding }) => decisionFor(decisions, finding) === null,
      );
      const verdict = reachVerdict({
        books,
        effects: await effects(session, run, decisions, mappings),
        undecided,
        checks: await readChecks(session, run.run),
        required: [
          'reference',
          'rule',
          'constraint',
          ...(run.compiled.plan.spotChecks.length > 0 ? ['spot_check'] : []),
        ],
        reexecuted: proofs.flatMap((proof) => proof.reexecutedColumns.map((column) => `${proof.mapping}.${column}`)),
        leftOut: run.compiled.mappings.length - mappings.length,
        sample: run.options.sample ?? null,
      });
      await storeVerdict(session, run.run, verdict);
      return verdict;
    });
}
