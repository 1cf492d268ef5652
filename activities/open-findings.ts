import type { FindingSummary } from '../src/contract/run';
import { allowedBadRows } from '../src/copy/row-limit';
import { knownDecisions } from '../src/postgres/ledger/decision';
import { readFindings } from '../src/postgres/ledger/finding';
import { profiledCounts } from '../src/postgres/ledger/profile';
import type { LoadedRun } from '../src/postgres/ledger/run';
import type { Session } from '../src/postgres/session';
import { overLimit, undecided, type MappingLimit } from '../src/profile/undecided';

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
