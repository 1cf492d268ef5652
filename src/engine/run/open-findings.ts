import type { FindingSummary } from '../../contract/run';
import { allowedBadRows } from '../../copy/row-limit';
import { knownDecisions } from '../../postgres/ledger/decision/decision';
import { readFindings } from '../../postgres/ledger/decision/finding';
import { profiledCounts } from '../../postgres/ledger/decision/profile';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { Session } from '../../postgres/session';
import { overLimit, undecided, type MappingLimit } from '../../profile/undecided';

/** Findings of discovery that need a decision and have none that counts, each with why not. */
export async function openFindings(session: Session, run: LoadedRun): Promise<FindingSummary[]> {
  const findings = await readFindings(session, run.run);
  const decisions = await knownDecisions(session, run.run, run.compiled.plan.decisions);
  const open = undecided(findings, decisions);
  const limits = await limitsOf(session, run);
  return [...open, ...overLimit(findings, decisions, limits, open)].map(({ because, ...finding }) => ({
    ...finding,
    choices: [...finding.choices],
    sentence: because === null ? finding.sentence : `${finding.sentence} ${because}`,
    decided: null,
  }));
}

export async function limitsOf(session: Session, run: LoadedRun): Promise<MappingLimit[]> {
  const profiled = await profiledCounts(session, run.run);
  return run.compiled.mappings.map(({ name, maxBadRows }) => {
    const { total, rejected } = profiled.get(name) ?? { total: 0, rejected: 0 };
    return { mapping: name, allowed: allowedBadRows(maxBadRows, total), rejected };
  });
}
