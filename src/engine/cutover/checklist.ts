import type { ChecklistLine } from '../../contract/delta';
import type { RunRef } from '../../contract/run';
import {
  approvalLine,
  blockedLine,
  reconciliationLine,
  driftLine,
  effectsLine,
  findingsLine,
  freezeLine,
  identityLine,
  lagLine,
  leaseLine,
  pendingLine,
  preparedLine,
  proofLine,
  quarantineLine,
  rulesLine,
  subscriptionLine,
} from '../../cutover/checklist';
import { RowproofError } from '../../errors/rowproof-error';
import { readCatalog } from '../../postgres/catalog/read-catalog';
import { unfinishedBatches } from '../../postgres/ledger/cutover';
import { knownDecisions } from '../../postgres/ledger/decision/decision';
import { observeDecisions } from '../../postgres/ledger/decision/decision-effect';
import { appendEvent } from '../../postgres/ledger/run/event';
import { readFindings } from '../../postgres/ledger/decision/finding';
import { readApplyLease } from '../../postgres/ledger/follow/apply-lease';
import { countPending } from '../../postgres/ledger/follow/pending';
import { readStoredCatalog } from '../../postgres/ledger/decision/profile';
import { liveProofState } from '../../postgres/ledger/proof/proof-alignment';
import { reconciliationAfterFreeze } from '../../postgres/ledger/proof/proof-books';
import { readSteps } from '../../postgres/ledger/run/step';
import { readVerdict, verdictAge } from '../../postgres/ledger/proof/verdict';
import { countPrepared, subscribedRelations } from '../../postgres/queries/cutover/barrier';
import { constraintState, disabledKeys } from '../../postgres/queries/schema-change/foreign-key';
import { indexState } from '../../postgres/queries/schema-change/index-build';
import { quarantineByFinding } from '../../postgres/queries/settle/quarantine';
import { inTransaction } from '../../postgres/transaction';
import { catalogDrift } from '../../profile/catalog-drift';
import { decisionFor } from '../../profile/decision-match';
import { rulesAdded, rulesLost } from '../../profile/rules-added';
import { coversRows, undecided } from '../../profile/undecided';
import { effectProblem } from '../../validate/decision-effect';
import { changedSources, frozenSources, onSources, type SourceWorks } from './source-sessions';
import type { CutoverSteps } from './steps';
import { changedSinceProof } from '../proof/proved-tables';
import { effectsOf } from '../proof/decision-effects';
import type { Host } from '../host';
import { decisionsOf } from '../run/decisions';
import { patternOf } from '../run/pattern-of';

export type Approval = { readonly by: string; readonly reason: string; readonly code: string };

/** Looks at everything a cutover rests on; each line is an event. Changes nothing else, but rounds of its own may be among the rounds. */
export function checkCutover(
  host: Host,
  steps: CutoverSteps,
  ref: RunRef,
  approval: Approval | null,
): Promise<readonly ChecklistLine[]> {
  return onSources(host, ref, 'checklist', async (works) => {
    const { run, ledger } = works;
    const { plan, code } = run.compiled;
    const lines: ChecklistLine[] = [];
    if (patternOf(run) === 'hybrid') lines.push(...(await followedLines(host, steps, works)));
    else lines.push(...(await quietLines(works)));
    lines.push(await subscriptions(works));
    lines.push(await quarantine(works));
    lines.push(await findings(works));
    lines.push(await effects(works));
    const { blocked, open } = await unfinishedBatches(ledger, run.run);
    lines.push(blockedLine(blocked, open));
    lines.push(rulesLine(await notBuilt(works)));
    lines.push(driftLine(await drift(works)));
    lines.push(identityLine('target', await changedSinceProof(ledger, run, works)));
    if (approval !== null) lines.push(approvalLine(approval, code, plan.settings.approvers['cutover']));
    await inTransaction(ledger, 'read write', async () => {
      for (const { name, ok, sentence } of lines)
        await appendEvent(ledger, run.run, 'checklist', { name, ok, sentence });
      if (approval !== null) await appendEvent(ledger, run.run, 'cutover approval', { ...approval });
    });
    return lines;
  });
}

async function followedLines(host: Host, steps: CutoverSteps, works: SourceWorks): Promise<ChecklistLine[]> {
  const { run, ledger, ref } = works;
  const { cutover, delta } = run.compiled.plan.settings;
  const lease = leaseLine(await readApplyLease(ledger, run.run, 'delta'));
  const lag = lease.ok ? [lagLine(await lagOf(host, steps, works), cutover.maxLagMs)] : [];
  let prepared = 0;
  for (const source of works.relations.keys()) prepared += await countPrepared(await works.source(source));
  return [
    lease,
    ...lag,
    pendingLine(await countPending(ledger, ref.run), delta.roundKeys),
    preparedLine(prepared),
    proofLine(await liveProof(works), cutover.maxProofAgeMs),
  ];
}

/**
 * The live proof of the rows, and the verdict over books, references and rules. Its age counts from the end of the pass: whatever changed
 * since any of its rows was compared is proved once more under the barrier, and a pass may take longer than the plan allows it to be old.
 */
async function liveProof({ ledger, run }: SourceWorks): Promise<Parameters<typeof proofLine>[0]> {
  const { green, problems } = await liveProofState(ledger, run.run);
  const verdict = await readVerdict(ledger, run.run);
  const ageMs = await verdictAge(ledger, run.run);
  if (verdict?.green === true) return { ageMs, green, problems };
  return { ageMs, green: false, problems: [...problems, ...(verdict?.problems ?? ['the books are not closed yet'])] };
}

/** How long it takes to bring everything across that is there now, milliseconds; null when longer than the bound allows. */
async function lagOf(host: Host, steps: CutoverSteps, works: SourceWorks): Promise<number | null> {
  const { maxLagMs } = works.run.compiled.plan.settings.cutover;
  const begun = performance.now();
  const late = new Error('late');
  try {
    await steps.drain(host, works.ref, () => {
      works.heartbeat();
      if (performance.now() - begun > maxLagMs) throw late;
    });
  } catch (error) {
    host.signal?.()?.throwIfAborted();
    // a round that cannot be made is a lag that nobody knows
    if (error === late || error instanceof RowproofError) return null;
    throw error;
  }
  return Math.round(performance.now() - begun);
}

/** Of a source that was frozen before the copy, or never followed: the proof is that of a source that stands still. */
async function quietLines(works: SourceWorks): Promise<ChecklistLine[]> {
  const { run, ledger } = works;
  const verdict = await readVerdict(ledger, run.run);
  const proof = {
    ageMs: verdict === null ? null : 0,
    green: verdict?.green === true,
    problems: verdict?.problems ?? [],
  };
  const lines = [proofLine(proof, run.compiled.plan.settings.cutover.maxProofAgeMs)];
  if (patternOf(run) === 'copy') return lines;
  const open = [...(await frozenSources(works))].filter(([, state]) => state !== 'whole').map(([source]) => source);
  return [freezeLine(open), identityLine('source', await changedSources(works)), ...lines];
}

/** What the last rounds may have brought: looked at again under the barrier, from the ledger alone. */
export async function lateLines(work: LedgerWork): Promise<ChecklistLine[]> {
  const { ledger, run } = work;
  const books = await reconciliationAfterFreeze(
    ledger,
    run.run,
    run.compiled.mappings.map(({ name }) => name),
  );
  return [
    pendingLine(await countPending(ledger, run.run), 0),
    await quarantine(work),
    await findings(work),
    await effects(work),
    reconciliationLine(books.problems),
  ];
}

type LedgerWork = Pick<SourceWorks, 'ledger' | 'run'>;

async function quarantine({ ledger, run }: LedgerWork): Promise<ChecklistLine> {
  const decisions = await decisionsOf(ledger, run);
  const groups = await quarantineByFinding(ledger, run.run);
  const open = groups.filter((group) => !coversRows(decisionFor(decisions, group.finding)));
  return quarantineLine(
    groups.reduce((sum, group) => sum + group.rows, 0),
    open,
  );
}

async function effects({ ledger, run }: LedgerWork): Promise<ChecklistLine> {
  const problems = effectsOf(run, await observeDecisions(ledger, run)).map(effectProblem);
  return effectsLine(problems.filter((problem) => problem !== null));
}

async function findings({ ledger, run }: LedgerWork): Promise<ChecklistLine> {
  const decisions = await knownDecisions(ledger, run.run, run.compiled.plan.decisions);
  return findingsLine(undecided(await readFindings(ledger, run.run), decisions));
}

/** Tables of either side that a subscription fills. */
async function subscriptions(works: SourceWorks): Promise<ChecklistLine> {
  const targets = works.run.compiled.mappings.map(({ target }) => target);
  const filled = (await subscribedRelations(works.ledger, targets)).map((table) => `${table} of the target`);
  for (const [source, relations] of works.relations)
    filled.push(...(await subscribedRelations(await works.source(source), relations)));
  return subscriptionLine(filled);
}

/** Indexes and foreign keys that the run took away and that are not back and valid. */
async function notBuilt({ ledger, run }: SourceWorks): Promise<string[]> {
  const missing: string[] = [];
  for (const { state, subject, detail } of await readSteps(ledger, run.run, 'index')) {
    if (state !== 'restored' || (await indexState(ledger, detail.root)) !== 'valid') missing.push(subject);
  }
  for (const { state, subject, detail } of await readSteps(ledger, run.run, 'foreign_key')) {
    const now = await constraintState(ledger, detail.relation, detail.name);
    if (state !== 'restored' || now === 'absent' || (now === 'invalid' && detail.validated)) missing.push(subject);
  }
  for (const { state, subject, detail } of await readSteps(ledger, run.run, 'check')) {
    const now = await constraintState(ledger, detail.relation, detail.name);
    if (state !== 'restored' || now === 'absent' || (now === 'invalid' && detail.validated)) missing.push(subject);
  }
  const disabled = await disabledKeys(ledger, run.compiled.mappings);
  return [...missing, ...disabled.map((key) => `${key} is disabled`)];
}

async function drift(works: SourceWorks): Promise<string[]> {
  const { ledger, run } = works;
  const { mappings, plan } = run.compiled;
  const target = await readCatalog(ledger);
  const found = catalogDrift(mappings, 'target', target);
  const discovered = await readStoredCatalog(ledger, run.run, 'target');
  if (discovered !== null)
    found.push(...rulesAdded(mappings, discovered, target), ...rulesLost(mappings, discovered, target));
  for (const source of Object.keys(plan.sources)) {
    found.push(...catalogDrift(mappings, source, await readCatalog(await works.source(source))));
  }
  return found;
}
