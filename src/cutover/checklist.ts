import type { ChecklistLine } from '../contract/delta';
import { seconds } from './words';
import { agreeing, counted } from '../report/counted';
import { figure } from '../report/format';

/** The lines of the cutover's checklist: each a name, whether it holds, and one sentence with numbers. */

function line(name: string, ok: boolean, sentence: string): ChecklistLine {
  return { name, ok, sentence };
}

/** `lagMs` null: the target did not catch up within the bound. */
export function lagLine(lagMs: number | null, maxLagMs: number): ChecklistLine {
  if (lagMs === null) return line('lag', false, `The target is more than ${seconds(maxLagMs)} behind its sources.`);
  return line('lag', lagMs <= maxLagMs, `The target is ${seconds(lagMs)} behind; ${seconds(maxLagMs)} are allowed.`);
}

export function pendingLine(keys: number, allowed: number): ChecklistLine {
  return line(
    'pending',
    keys <= allowed,
    `${counted(keys, 'key')} ${agreeing(keys, 'waits', 'wait')} to be read again; ${figure(allowed)} ${agreeing(allowed, 'is', 'are')} allowed.`,
  );
}

/** Groups of quarantined rows that no decision names. */
export function quarantineLine(rows: number, open: readonly { finding: string; rows: number }[]): ChecklistLine {
  if (open.length === 0) {
    return line(
      'quarantine',
      true,
      rows === 0
        ? 'No row is in quarantine.'
        : rows === 1
          ? '1 row is in quarantine, and decided.'
          : `${figure(rows)} rows are in quarantine, all decided.`,
    );
  }
  const named = open.slice(0, 5).map((group) => `${group.finding} (${counted(group.rows, 'row')})`);
  if (open.length > 5) named.push(`${open.length - 5} more`);
  return line('quarantine', false, `Rows in quarantine have no decision: ${named.join(', ')}.`);
}

/** Sentences of books that contradict each other. */
export function reconciliationLine(problems: readonly string[]): ChecklistLine {
  if (problems.length === 0) return line('books', true, 'The books balance after the last round.');
  return line('books', false, `The books do not balance: ${listed(problems)}.`);
}

/** Sentences of decisions that had another effect than they expected. */
export function effectsLine(problems: readonly string[]): ChecklistLine {
  if (problems.length === 0) return line('effects', true, 'Each decision has the effect that it expected.');
  return line('effects', false, `Decide again, with what is expected now: ${listed(problems)}.`);
}

/** Tables that a subscription writes to: what it brings is refused, and its worker tries for ever. */
export function subscriptionLine(relations: readonly string[]): ChecklistLine {
  if (relations.length === 0) return line('subscriptions', true, 'No subscription writes to a mapped table.');
  return line(
    'subscriptions',
    false,
    `Subscriptions write to ${listed(relations)}, where nothing may write after the freeze: disable them first (ALTER SUBSCRIPTION … DISABLE).`,
  );
}

export function findingsLine(open: readonly { readonly id: string }[]): ChecklistLine {
  if (open.length === 0) return line('findings', true, 'Every finding has a decision.');
  return line('findings', false, `Findings wait for a decision: ${listed(open.map(({ id }) => id))}.`);
}

export function preparedLine(prepared: number): ChecklistLine {
  if (prepared === 0) return line('prepared', true, 'No prepared transaction is open on a source.');
  return line(
    'prepared',
    false,
    `${counted(prepared, 'prepared transaction')} ${agreeing(prepared, 'waits', 'wait')} on the sources: commit or roll back.`,
  );
}

export function proofLine(
  proof: { readonly ageMs: number | null; readonly green: boolean; readonly problems: readonly string[] },
  maxAgeMs: number,
): ChecklistLine {
  if (!proof.green || proof.ageMs === null) {
    return line('proof', false, `The proof is not green: ${listed(proof.problems) || 'nothing was proved'}.`);
  }
  const age = `${seconds(proof.ageMs)} old; ${seconds(maxAgeMs)} are allowed`;
  return line('proof', proof.ageMs <= maxAgeMs, `The proof is green, ${age}.`);
}

export function driftLine(drift: readonly string[]): ChecklistLine {
  if (drift.length === 0) return line('drift', true, 'Both sides are what the plan was compiled for.');
  return line('drift', false, `The catalogs changed: ${listed(drift)}.`);
}

/** What is not any more what was proved (`target`), or what was frozen (`source`): such tables have to be proved again. */
export function identityLine(
  name: 'target' | 'source',
  { changed, noted }: { readonly changed: readonly string[]; readonly noted: readonly string[] },
): ChecklistLine {
  const since = name === 'target' ? 'The target changed since it was proved' : 'The sources changed since their freeze';
  if (changed.length > 0) return line(name, false, `${since}, and has to be proved again: ${listed(changed)}.`);
  const same = name === 'target' ? 'The target is what was proved.' : 'The sources are what was frozen.';
  return line(
    name,
    true,
    noted.length === 0 ? same : `${same} These changes leave rows and rules as they are: ${listed(noted)}.`,
  );
}

export function rulesLine(missing: readonly string[]): ChecklistLine {
  if (missing.length === 0) return line('rules_built', true, 'Indexes and foreign keys are built and valid.');
  return line('rules_built', false, `Not built or not valid: ${listed(missing)}.`);
}

export function blockedLine(batches: number, unfinished: number): ChecklistLine {
  if (batches === 0 && unfinished === 0) return line('blocked', true, 'Every batch is done.');
  return line(
    'blocked',
    false,
    `${counted(batches, 'batch')} ${agreeing(batches, 'is', 'are')} blocked, ${counted(unfinished, 'other')} ${agreeing(unfinished, 'is', 'are')} not done.`,
  );
}

export function leaseLine(lease: { readonly state: string; readonly reason: string | null } | null): ChecklistLine {
  if (lease === null) return line('lease', false, 'Nothing follows the sources.');
  if (lease.state === 'open') return line('lease', true, 'The lease is open.');
  return line('lease', false, `The lease is ${lease.state}${lease.reason === null ? '' : `: ${lease.reason}`}.`);
}

export function freezeLine(open: readonly string[]): ChecklistLine {
  if (open.length === 0) return line('freeze', true, 'Every source is frozen.');
  return line('freeze', false, `These sources still take writes: ${listed(open)}.`);
}

export function approvalLine(
  approval: { readonly by: string; readonly code: string },
  code: string,
  approvers: readonly string[] | undefined,
): ChecklistLine {
  if (approval.by.trim() === '') return line('approval', false, 'Nobody approved it.');
  if (approval.code !== code) return line('approval', false, `The given code is not the plan code, which is ${code}.`);
  if (approvers !== undefined && approvers.length > 0 && !approvers.includes(approval.by)) {
    return line('approval', false, `${approval.by} is not among those who may approve a cutover.`);
  }
  return line('approval', true, `Approved by ${approval.by}.`);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
