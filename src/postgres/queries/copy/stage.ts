import type { QualifiedName } from '../../../contract/catalog';
import type { CheckSpec, CompiledMapping } from '../../../contract/compiled';
import type { QuarantineCause, SharedFacts } from '../../../copy/quarantine-cause';
import { identifier, literal, qualified } from '../../../sql/quote';
import { replicaIdentityFull } from '../../../sql/replica-identity';
import { asApplication } from '../../application-path';
import type { BatchName } from '../../ledger/batch';
import { noteBatchCauses } from '../../ledger/quarantine/quarantine-bulk';
import { mappingId } from '../../ledger/quarantine/quarantine-cause';
import type { Session } from '../../session';
import { castTo, looseType, ownTables, type LoadedColumn } from './careful';
import { refsOfStored } from './rules';

/** Rows of a batch on the target, under the names and base types of the columns that they are for. */
export interface Stage {
  /** As SQL. */
  readonly table: string;
  /** Where COPY puts source key, target key where it is wanted, and the columns, in this order. */
  readonly into: string;
}

const sourceKey = 'rowproof_key';
const targetKey = 'rowproof_target';

/** Creates a stage inside the caller's transaction, which drops it. */
export async function createStage(
  session: Session,
  columns: readonly LoadedColumn[],
  withTargetKey: boolean,
): Promise<Stage> {
  const { temporary, name } = await ownTables(session);
  const table = name('stage');
  const keys = withTargetKey ? [sourceKey, targetKey] : [sourceKey];
  const fields = columns.map((column) => `${identifier(column.target)} ${looseType(column)}`);
  await session.query(`create table ${table} (${[...keys.map((key) => `${key} text`), ...fields].join(', ')})`);
  if (!temporary) await session.query(replicaIdentityFull(table));
  return { table, into: `${table} (${[...keys, ...columns.map(({ target }) => identifier(target))].join(', ')})` };
}

/** A rule of the target, and its place among the CHECKs of the mapping. */
export interface TargetRule {
  readonly check: CheckSpec;
  readonly at: number;
}

/** SQL over a row under the names of its columns that is true where it breaks the rule. It may raise. */
function breaks({ check }: TargetRule): string {
  if (!check.ofDomain) return `((${check.expression}) is false)`;
  const column = identifier(check.columns[0] as string);
  return `(select (${check.expression}) is false from (select ${column} as value) as v)`;
}

/** The condition under which COPY lets a row into the target: it breaks none of these CHECKs. */
export function keepsRules(rules: readonly TargetRule[]): string {
  return `not (${rules.map(breaks).join(' or ')})`;
}

/** The condition under which COPY lets a row into a stage of rows that are to be quarantined. */
export function breaksRules(rules: readonly TargetRule[]): string {
  return rules.map(breaks).join(' or ');
}

/** SQL over a staged row: the name of the first CHECK that it breaks, null where it breaks none. */
function brokenRule(rules: readonly TargetRule[], nameOf: (rule: TargetRule) => string = () => ''): string {
  const cases = rules.map((rule) => `when ${breaks(rule)} then ${literal(nameOf(rule))}`);
  return cases.length === 0 ? 'null::text' : `(case ${cases.join(' ')} end)`;
}

/** Writes the staged rows that break a CHECK into the quarantine of a batch; they stay in the stage. */
export async function quarantineBroken(
  session: Session,
  stage: Stage,
  mapping: CompiledMapping,
  rules: readonly TargetRule[],
  batch: BatchName,
  factsOf: (check: CheckSpec) => SharedFacts,
): Promise<readonly QuarantineCause[]> {
  const id = await mappingId(session, batch.run, batch.mapping);
  const nameOf = ({ at }: TargetRule): string => `${batch.ordinal}c${at}`;
  const cause = brokenRule(rules, nameOf);
  const refs = refsOfStored(mapping, (column) => identifier(column.target)) ?? 'null::jsonb';
  // counted apart, which costs a third of returning every row that is written
  const { rows } = await asApplication(session, () =>
    session.query<{ name: string; n: string }>(
      `select name, pg_catalog.count(*)::text as n from (select ${cause} as name from ${stage.table}) as s
       where name is not null group by name`,
    ),
  );
  if (rows.length === 0) return [];
  const causes = rows.map(({ name, n }) => {
    const { check } = rules.find((rule) => nameOf(rule) === name) as TargetRule;
    return { name, rows: Number(n), facts: factsOf(check) };
  });
  const { rowCount } = await asApplication(session, () =>
    session.query(
      `insert into rowproof.quarantined (mapping, source_key, cause, refs)
       select ${id}, ${sourceKey}, ${cause}, ${refs} from ${stage.table} where ${cause} is not null`,
    ),
  );
  if (rowCount !== causes.reduce((sum, one) => sum + one.rows, 0))
    throw new TypeError('a rule of the target says two things of one row');
  await noteBatchCauses(session, batch, causes);
  return causes;
}

/** Inserts the staged rows that break none of these CHECKs into the target; how many arrived. */
export async function insertStage(
  session: Session,
  stage: Stage,
  target: QualifiedName,
  columns: readonly LoadedColumn[],
  rules: readonly TargetRule[],
): Promise<number> {
  const names = columns.map((column) => identifier(column.target)).join(', ');
  const casts = columns.map((column) => `${identifier(column.target)}${castTo(column.type)}`).join(', ');
  const { rowCount } = await asApplication(session, () =>
    session.query(
      `insert into ${qualified(target)} (${names}) overriding system value
       select ${casts} from ${stage.table} where ${brokenRule(rules)} is null`,
    ),
  );
  return rowCount;
}

/** Where each staged row that breaks none of these CHECKs came from, in the caller's transaction; how many they are. */
export async function provenanceOfStage(
  session: Session,
  stage: Stage,
  run: string,
  mapping: string,
  rules: readonly TargetRule[],
): Promise<number> {
  const { rowCount } = await asApplication(session, () =>
    session.query(
      `insert into rowproof.provenance (run, mapping, source_key, target_key)
       select $1, $2, ${sourceKey}, ${targetKey} from ${stage.table} where ${brokenRule(rules)} is null`,
      [run, mapping],
    ),
  );
  return rowCount;
}

/** Forgets where the staged rows came from, for rows that did not come along. */
export async function forgetProvenance(session: Session, stage: Stage, run: string, mapping: string): Promise<void> {
  await session.query(
    `delete from rowproof.provenance p using ${stage.table} s
     where p.run = $1 and p.mapping = $2 and p.source_key = s.${sourceKey}`,
    [run, mapping],
  );
}
