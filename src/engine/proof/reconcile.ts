import type { ValidationActivities } from '../../contract/activity-types';
import { capturedRelations } from '../../capture/captured-relations';
import type { CompiledMapping } from '../../contract/compiled';
import type { RunRef } from '../../contract/run';
import { overrideNote } from '../../cutover/overrides';
import { isOpened, readAttempts } from '../../postgres/ledger/cutover';
import { decisionFor } from '../../profile/decision-match';
import { coversRows } from '../../profile/undecided';
import { observeDecisions } from '../../postgres/ledger/decision/decision-effect';
import { readChecks } from '../../postgres/ledger/run/check-result';
import { proofTotals } from '../../postgres/ledger/proof/proof';
import { quarantineByFinding } from '../../postgres/ledger/proof/proof-quarantine';
import { readLedgerReconciliation, storeVerdict } from '../../postgres/ledger/proof/verdict';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { readApplyLease } from '../../postgres/ledger/follow/apply-lease';
import type { Session } from '../../postgres/session';
import { rewrittenSince } from '../../postgres/queries/follow/round';
import { countRows, countScope } from '../../postgres/queries/proof/rows';
import { mappingsOfRun } from '../../rollback/mappings-of-run';
import { qualified } from '../../sql/quote';
import { closeReconciliation, type ClosedReconciliation, type MappingFacts } from '../../validate/reconciliation';
import { reachVerdict, type VerdictFacts } from '../../validate/verdict';
import { AlignedView } from './live/live-view';
import { onTarget } from '../target-work';
import { changedSinceProof } from './proved-tables';
import { effectsOf, restricted } from './decision-effects';
import { whereRowsDiffer } from './differing-columns';
import { type ProofHost } from './proof-host';
import { during } from '../../postgres/refusal';
import { dotted } from '../../sql/quote';
import { sourceStatement } from '../run/source-statement';

/** Where rows are counted: at one alignment while rounds go on, else as both sides stand. */
interface Counting {
  readonly source: (name: string) => Promise<Session>;
  readonly target: Session;
  /** False once the target is open: what the application writes there is none of the migration's rows. */
  readonly countsTarget: boolean;
  /** After counting: whether a table of a source looked empty because it was truncated or rewritten after the alignment. */
  readonly rewritten: () => Promise<boolean>;
  readonly end: () => Promise<void>;
}

/** Countings made again because a table was truncated meanwhile. */
const maxCountings = 5;

async function openCounting(host: ProofHost, ref: RunRef, run: LoadedRun, own: Session): Promise<Counting> {
  const lease = await readApplyLease(own, run.run, 'delta');
  // once it is closed the target is open, and the source stands still for good
  if (lease !== null && lease.state !== 'closed') {
    const view = await AlignedView.open(host, ref, run, 'reconcile');
    return {
      source: (name) => Promise.resolve(view.source(name)),
      target: view.target,
      countsTarget: true,
      rewritten: () => anyRewritten(run, (name) => view.source(name)),
      end: () => view.close(),
    };
  }
  const opened = new Map<string, Session>();
  return {
    source: async (name) => {
      const session = opened.get(name) ?? (await host.databases.source(run.compiled, name, 'reconcile'));
      opened.set(name, session);
      return session;
    },
    target: own,
    countsTarget: lease === null,
    // each count has a snapshot of its own
    rewritten: () => Promise.resolve(false),
    end: async () => {
      await Promise.all([...opened.values()].map((session) => session.close()));
    },
  };
}

/** The transactions that counted hold locks: what was not truncated until now will not be before they end. */
async function anyRewritten(run: LoadedRun, source: (name: string) => Session): Promise<boolean> {
  const relations = capturedRelations(run.compiled);
  for (const name of new Set(relations.map((one) => one.source))) {
    const tables = relations.filter((one) => one.source === name).map(({ relation }) => relation);
    if (await rewrittenSince(source(name), tables)) return true;
  }
  return false;
}

async function bookOf(
  run: LoadedRun,
  mapping: CompiledMapping,
  counting: Counting,
  proof: MappingFacts['proof'],
): Promise<ClosedReconciliation> {
  const source = await counting.source(mapping.source);
  return during(`counting the rows of ${dotted(mapping.target)} for the books`, async () =>
    closeReconciliation({
      mapping: mapping.name,
      target: `${mapping.target.schema}.${mapping.target.name}`,
      source: await countScope(source, sourceStatement(run, mapping, mapping.statements.scopeCounts)),
      targetRows: counting.countsTarget ? await countRows(counting.target, qualified(mapping.target)) : null,
      ...(await readLedgerReconciliation(counting.target, run.run, mapping.name)),
      proof,
    }),
  );
}

async function whileCounting<T>(
  host: ProofHost,
  ref: RunRef,
  run: LoadedRun,
  own: Session,
  work: (counting: Counting) => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    const counting = await openCounting(host, ref, run, own);
    try {
      const counted = await work(counting);
      if (tried === maxCountings || !(await counting.rewritten())) return counted;
    } finally {
      await counting.end();
    }
  }
}

/** Which counts closed the books of the freeze that stands, and what its approval set in place of the plan. */
async function closing(session: Session, run: string): Promise<Pick<VerdictFacts, 'closedBy' | 'overridden'>> {
  const frozen = (await readAttempts(session, run))
    .filter(({ drill, outcome }) => !drill && outcome === 'frozen')
    .at(-1);
  if (frozen === undefined) return { closedBy: null };
  return { closedBy: frozen.books, overridden: overrideNote(frozen.limits, frozen.by) };
}

/** Idempotent: counts again and replaces the stored verdict. Nothing is green that is not in the ledger. */
export function createReconcile(host: ProofHost): ValidationActivities['reconcile'] {
  return (ref) =>
    onTarget(host, ref, 'reconcile', async ({ run, session, heartbeat }) => {
      const mappings = mappingsOfRun(run.compiled, run.options);
      const proofs = await proofTotals(session, run.run);
      const { reconciliation, decisions, waiting } = await whileCounting(host, ref, run, session, async (counting) => {
        const closed: ClosedReconciliation[] = [];
        for (const mapping of mappings) {
          heartbeat();
          const proof = proofs.find((one) => one.mapping === mapping.name) ?? null;
          closed.push(await bookOf(run, mapping, counting, proof));
        }
        return {
          reconciliation: closed,
          decisions: await observeDecisions(counting.target, run),
          waiting: await quarantineByFinding(counting.target, run.run),
        };
      });
      const undecided = waiting.filter(({ finding }) => !coversRows(decisionFor(decisions, finding)));
      const checks = await readChecks(session, run.run);
      const differing = await whereRowsDiffer(session, run);
      const verdict = reachVerdict({
        differing,
        reconciliation,
        effects: effectsOf(run, decisions),
        decisions,
        changed: (await isOpened(session, run.run)) ? [] : (await changedSinceProof(session, run, host)).changed,
        ...(await closing(session, run.run)),
        undecided,
        checks,
        required: [
          'reference',
          'rule',
          'constraint',
          ...(run.compiled.plan.spotChecks.length > 0 ? ['spot_check'] : []),
        ],
        reexecuted: proofs.flatMap((proof) => proof.reexecutedColumns.map((column) => `${proof.mapping}.${column}`)),
        only: restricted(run) ? mappings.map((mapping) => mapping.name) : [],
        sample: run.options.sample ?? null,
        notRefreshed: checks.flatMap(({ kind, name, detail }) =>
          kind === 'view' && 'not refreshed' in detail ? [name] : [],
        ),
      });
      await storeVerdict(session, run.run, verdict);
      return verdict;
    });
}
