import type { CompiledMapping } from '../../../contract/compiled';
import { needsProvenance } from '../../../delta/needs-provenance';
import type { ApplyColumn, ApplyTable, ReferenceRule, Scratch, UniqueRule } from '../../../delta/apply-table';
import type { ForeignKeyDetail, IndexDetail } from '../../../rollback/step-detail';
import { orphanRule, uniqueFinding } from '../../../settle/classify';
import type { OwnForeignKey } from '../../../settle/settle-order';
import { identifier, qualified } from '../../../sql/quote';
import { readSteps } from '../../ledger/run/step';
import type { Session } from '../../session';
import { readForeignKeys } from '../schema-change/foreign-key';
import { readIndexes } from '../schema-change/index-build';
import { mappedTree, tablesParameter } from '../schema-change/tables';
import { flag } from '../../row';

/** What a round has to know of the target: its tables and the rules between them. */
export interface ApplyFacts {
  readonly tables: readonly ApplyTable[];
  readonly references: readonly ReferenceRule[];
  readonly temporary: boolean;
  /** Part of the names of temporary scratch tables: they fit these definitions and no others. */
  readonly version: string;
}

const known = new WeakMap<Session, { readonly id: string; readonly facts: ApplyFacts }>();

/** Reads the facts, or returns those of the session's last round where nothing of the tables has changed since. */
export async function applyFacts(
  session: Session,
  run: string,
  mappings: readonly CompiledMapping[],
  rulesOn: boolean,
): Promise<ApplyFacts> {
  const definitions = await versionOf(session, mappings);
  const id = JSON.stringify([run, rulesOn, definitions]);
  const before = known.get(session);
  if (before?.id === id) return before.facts;
  const facts = await readFacts(session, run, mappings, rulesOn, definitions.slice(0, 12));
  known.set(session, { id, facts });
  return facts;
}

/** Changes with every change of the tables' definitions. */
async function versionOf(session: Session, mappings: readonly CompiledMapping[]): Promise<string> {
  const { rows } = await session.query<{ version: string | null }>(
    `${mappedTree} select pg_catalog.md5(string_agg(v, ' ' order by v)) as version from (
       select 'c' || c.oid || ':' || c.xmin::text as v from pg_catalog.pg_class c where c.oid in (select oid from tree)
       union all select 'a' || a.attrelid || ':' || a.attnum || ':' || a.xmin::text from pg_catalog.pg_attribute a where a.attrelid in (select oid from tree)
       union all select 'i' || i.indexrelid || ':' || i.xmin::text from pg_catalog.pg_index i where i.indrelid in (select oid from tree)
       union all select 'f' || con.oid || ':' || con.xmin::text from pg_catalog.pg_constraint con
         where con.conrelid in (select oid from tree) or con.confrelid in (select oid from tree)) s`,
    [tablesParameter(mappings)],
  );
  return rows[0]?.version ?? '';
}

async function readFacts(
  session: Session,
  run: string,
  mappings: readonly CompiledMapping[],
  rulesOn: boolean,
  version: string,
): Promise<ApplyFacts> {
  const temporary = await mayUseTemporary(session);
  const indexes = await uniqueIndexes(session, run, mappings, rulesOn);
  const keys = await foreignKeys(session, run, mappings, rulesOn);
  const tables: ApplyTable[] = [];
  for (const [number, mapping] of mappings.entries()) {
    const uniques: UniqueRule[] = [];
    for (const index of indexes.filter((one) => one.mapping === mapping.name)) {
      uniques.push(await uniqueRule(session, mapping, index));
    }
    const names = mapping.targetKey.map((column) => column.name);
    const operators = await equality(session, mapping, names.map(identifier));
    tables.push({
      number,
      mapping: mapping.name,
      target: mapping.target,
      provenance: needsProvenance(mapping),
      columns: await readColumns(session, mapping),
      loaded: mapping.columns.map((column) => column.target),
      targetKey: names.map((name, index) => ({ name, operator: operators[index] as string })),
      sourceKey: mapping.key,
      referencedColumns: mapping.referencedColumns,
      uniques,
      keyIndexed: indexes.some((one) => one.mapping === mapping.name && one.existing && isTargetKey(one, [mapping])),
      scratch: scratchOf(session, number, temporary ? version : null),
    });
  }
  return { tables, references: keys.map((key) => referenceRule(key, mappings)), temporary, version };
}

async function mayUseTemporary(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ may: string }>(
    `select pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMP')::text as may`,
  );
  return flag(rows[0], 'may');
}

/** `version` null: where no temporary table may be created. */
function scratchOf(session: Session, number: number, version: string | null): Scratch {
  const name = (kind: string): string =>
    version === null
      ? `rowproof.${identifier(`${kind}_${number}_${session.pid}`)}`
      : `pg_temp.${identifier(`rowproof_${kind}_${number}_${version}`)}`;
  return {
    raw: name('raw'),
    row: name('row'),
    dirty: name('dirty'),
    old: name('old'),
    inPlace: name('in_place'),
    outcome: name('outcome'),
    trace: name('trace'),
  };
}

/** Unique indexes: those that stand, and from settle on also those that are still to be built; the target key always. */
async function uniqueIndexes(
  session: Session,
  run: string,
  mappings: readonly CompiledMapping[],
  rulesOn: boolean,
): Promise<(IndexDetail & { readonly existing: boolean })[]> {
  const existing = (await readIndexes(session, mappings)).filter((index) => index.unique && !index.exclusion);
  const steps = (await readSteps(session, run, 'index')).map((step) => step.detail).filter((index) => index.unique);
  const name = (index: IndexDetail): string => qualified(index.root.index);
  const names = new Set(existing.map(name));
  const due = steps.filter((index) => !names.has(name(index)) && (rulesOn || isTargetKey(index, mappings)));
  return [
    ...existing.map((index) => ({ ...index, existing: true })),
    ...due.map((index) => ({ ...index, existing: false })),
  ];
}

function isTargetKey(index: IndexDetail, mappings: readonly CompiledMapping[]): boolean {
  const key = mappings.find((one) => one.name === index.mapping)?.targetKey.map((column) => column.name) ?? [];
  return (
    index.predicate === null &&
    index.columns.length === key.length &&
    index.columns.every((column) => column !== null && key.includes(column))
  );
}

async function foreignKeys(
  session: Session,
  run: string,
  mappings: readonly CompiledMapping[],
  rulesOn: boolean,
): Promise<ForeignKeyDetail[]> {
  const existing = (await readForeignKeys(session, mappings)).filter((key) => key.enforced);
  if (!rulesOn) return existing;
  const name = (key: ForeignKeyDetail): string => `${qualified(key.relation)} ${key.name}`;
  const names = new Set(existing.map(name));
  const steps = (await readSteps(session, run, 'foreign_key')).map((step) => step.detail);
  return [...existing, ...steps.filter((key) => key.enforced && !names.has(name(key)))];
}

async function uniqueRule(session: Session, mapping: CompiledMapping, index: IndexDetail): Promise<UniqueRule> {
  return {
    name: index.root.index.name,
    columns: index.columns.filter((name) => name !== null).join('+'),
    expressions: index.keyExpressions,
    operators: await equality(session, mapping, index.keyExpressions),
    predicate: index.predicate,
    nullsNotDistinct: index.nullsNotDistinct,
    plain: index.predicate === null && index.columns.every(isName) ? index.columns : null,
    targetKey: isTargetKey(index, [mapping]),
    finding: uniqueFinding(index, mapping),
  };
}

function isName(column: string | null): column is string {
  return column !== null;
}

function referenceRule(key: ForeignKeyDetail, mappings: readonly CompiledMapping[]): ReferenceRule {
  const at = (name: string | null): number | null => {
    const index = mappings.findIndex((one) => one.name === name);
    return index < 0 ? null : index;
  };
  const child = at(key.mapping);
  return {
    name: key.name,
    child,
    parent: at(key.parentMapping),
    childRelation: key.relation,
    parentRelation: key.parent,
    columns: key.columns,
    columnTypes: key.columnTypes,
    parentColumns: key.parentColumns,
    operators: key.operators,
    matchFull: key.matchFull,
    orphan: child === null ? null : orphanRule(key as OwnForeignKey, mappings[child] as CompiledMapping),
  };
}

async function readColumns(session: Session, mapping: CompiledMapping): Promise<ApplyColumn[]> {
  const { rows } = await session.query<{
    name: string;
    type: string;
    generated: string;
    identity: string;
    sequence: string | null;
  }>(
    `select a.attname as name, pg_catalog.format_type(a.atttypid, -1) as type, (a.attgenerated <> '')::text as generated,
       a.attidentity::text as identity,
       case when a.attidentity <> '' then pg_catalog.pg_get_serial_sequence(pg_catalog.format('%I.%I', n.nspname, c.relname), a.attname) end as sequence
     from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [mapping.target.schema, mapping.target.name],
  );
  return rows.map((row) => ({
    name: row.name,
    type: row.type,
    generated: flag(row, 'generated'),
    identity: row.identity === 'a' ? 'always' : row.identity === 'd' ? 'by default' : '',
    sequence: row.sequence,
  }));
}

/** The equality that an index over these expressions uses; the search path of the session finds those of extensions not. */
async function equality(
  session: Session,
  mapping: CompiledMapping,
  expressions: readonly string[],
): Promise<readonly string[]> {
  const { fields } = await session.query(`select ${expressions.join(', ')} from ${qualified(mapping.target)} limit 0`);
  const { rows } = await session.query<{ operator: string }>(
    `select coalesce((
       select pg_catalog.format('OPERATOR(%I.%s)', n.nspname, o.oprname) from pg_catalog.pg_opclass oc
       join pg_catalog.pg_am am on am.oid = oc.opcmethod and am.amname = 'btree'
       join pg_catalog.pg_amop ao on ao.amopfamily = oc.opcfamily and ao.amoplefttype = oc.opcintype
         and ao.amoprighttype = oc.opcintype and ao.amopstrategy = 3
       join pg_catalog.pg_operator o on o.oid = ao.amopopr join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
       where oc.opcdefault and oc.opcintype = t.oid limit 1), 'OPERATOR(pg_catalog.=)') as operator
     from unnest($1::oid[]) with ordinality as t (oid, position) order by t.position`,
    [fields.map((field) => String(field.dataTypeID))],
  );
  return rows.map((row) => row.operator);
}
