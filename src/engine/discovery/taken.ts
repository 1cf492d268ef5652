import type { CompiledMapping } from '../../contract/compiled';
import { readRows } from '../../postgres/read-rows';
import type { Session } from '../../postgres/session';
import {
  checkFinding,
  followerFinding,
  orphanFinding,
  refusedFinding,
  uniqueFinding,
  type Finding,
} from '../../profile/finding';
import { evaluatedRule, trialCountsSql } from '../../profile/trial-sql';
import { refusalKind } from '../../transform/value-trial';

/** Findings with the rows that each rule took from the trial rows of a mapping. */
export async function countTaken(trial: Session, mapping: CompiledMapping, position: number): Promise<Finding[]> {
  const rows = await readRows(trial, trialCountsSql(position));
  return [...refusedValues(mapping, rows), ...takenByRules(mapping, rows)];
}

type TakenRows = readonly (readonly (string | null)[])[];

/** One finding a column and kind: a value may be refused under several constraints or codes that mean the same. */
function refusedValues(mapping: CompiledMapping, rows: TakenRows): Finding[] {
  const counts = new Map<string, { column: string; kind: string; rows: number }>();
  for (const [taken, rule, count] of rows) {
    if (taken !== 'cast' || rule == null) continue;
    const { column, trial, refusal } = evaluatedRule(mapping, rule);
    const kind = refusalKind(trial, refusal);
    // a CHECK of the table has a finding of its own, as in the copy; one of a domain is named by the column
    const check = mapping.checks.find(({ name, ofDomain }) => !ofDomain && name === refusal.constraint);
    const id = check?.finding ?? `${mapping.name}.${column}.${kind}`;
    counts.set(id, { column, kind, rows: (counts.get(id)?.rows ?? 0) + Number(count) });
  }
  return [...counts].map(([id, { column, kind, rows: number }]) =>
    refusedFinding(id, mapping.name, column, kind, number),
  );
}

function takenByRules(mapping: CompiledMapping, rows: TakenRows): Finding[] {
  return rows.flatMap(([taken, rule, count]) => {
    const number = Number(count);
    const check = mapping.checks.find((known) => known.finding === rule);
    if (taken === 'check' && check !== undefined) return [checkFinding(check, mapping.name, number)];
    const unique = mapping.uniques.find((known) => known.finding === rule);
    if (taken === 'unique' && unique !== undefined) return [uniqueFinding(unique, mapping.name, number)];
    const reference = mapping.references.find((known) => known.finding === rule);
    if (reference === undefined || taken == null || taken === 'cast') return [];
    const parent = reference.parentMapping ?? reference.parent.name;
    if (taken === 'orphan') return [orphanFinding(reference, mapping.name, parent, number)];
    const column = reference.columns.join('+');
    return [followerFinding(`${mapping.name}.${column}.${taken}`, mapping.name, column, taken, number)];
  });
}
