import type { Catalog, QualifiedName, Relation } from '../contract/catalog';
import type { CompiledMapping } from '../contract/compiled';

/** Triggers whose function is in the schema of the ledger: guards and captures. */
const own = / EXECUTE (?:FUNCTION|PROCEDURE) rowproof\./;

const same = (one: QualifiedName, other: QualifiedName): boolean =>
  one.schema === other.schema && one.name === other.name;

/**
 * Rules that came onto the mapped target tables and their partitions since `before` was read, or are defined otherwise now: nothing was
 * tried against them. What a run takes away and puts back has the name and the definition that it had; whether a trigger is enabled
 * and a constraint valid is asked elsewhere. Object names only.
 */
export function rulesAdded(mappings: readonly CompiledMapping[], before: Catalog, now: Catalog): string[] {
  const targets = mappings.map((mapping) => mapping.target);
  return now.relations.flatMap((relation) => {
    const was = before.relations.find((known) => same(known, relation));
    // foreign keys also of other tables: they forbid what the mapped parent loses
    const references = difference(
      'foreign key',
      (was?.foreignKeys ?? []).map(keyRule),
      relation.foreignKeys
        .filter((key) => mapped(relation, targets, now) || mapped(key.references, targets, now))
        .map(keyRule),
    );
    const rules = was !== undefined && mapped(relation, targets, now) ? ownRules(was, relation) : [];
    return [...rules, ...references].map((rule) => `${rule} on ${relation.schema}.${relation.name}`);
  });
}

function ownRules(was: Relation, is: Relation): string[] {
  return [
    ...difference('check', was.checks.map(checkRule), is.checks.map(checkRule)),
    ...difference('unique index', limiting(was), limiting(is)),
    ...difference(
      'trigger',
      was.triggers,
      is.triggers.filter(({ definition }) => !own.test(definition)),
    ),
  ];
}

/**
 * Tables, partitions and rules of the mapped targets that were there when `before` was read and are not now: without them the target would
 * take rows that the plan keeps out. What a run has taken away itself has to be back before this is asked. Object names only.
 */
export function rulesLost(mappings: readonly CompiledMapping[], before: Catalog, now: Catalog): string[] {
  const targets = mappings.map((mapping) => mapping.target);
  return before.relations.flatMap((was) => {
    if (!mapped(was, targets, before)) return [];
    const is = now.relations.find((known) => same(known, was));
    const table = `${was.schema}.${was.name}`;
    // one that is mapped itself is missed by whoever compares columns
    if (is === undefined) return targets.some((target) => same(target, was)) ? [] : [`${table} is gone`];
    if (!mapped(is, targets, now)) return [`${table} was detached`];
    const lost = [
      ...missing('check', was.checks, is.checks),
      ...missing('foreign key', was.foreignKeys, is.foreignKeys),
      ...missing('index', was.indexes, is.indexes),
      ...missing('trigger', was.triggers, is.triggers),
    ];
    return lost.map((rule) => `${rule} of ${table} is gone`);
  });
}

function missing(kind: string, was: readonly { name: string }[], is: readonly { name: string }[]): string[] {
  const names = new Set(is.map(({ name }) => name));
  return was.filter(({ name }) => !names.has(name)).map(({ name }) => `${kind} ${name}`);
}

interface Rule {
  readonly name: string;
  readonly definition: string;
}

const checkRule = (check: Relation['checks'][number]): Rule => ({ name: check.name, definition: check.expression });

const keyRule = (key: Relation['foreignKeys'][number]): Rule => ({
  name: key.name,
  definition: key.definition.replace(/ NOT VALID$/, ''),
});

/** Indexes that refuse rows. */
function limiting(relation: Relation): Rule[] {
  return relation.indexes.filter((index) => index.unique || index.exclusion);
}

function difference(kind: string, was: readonly Rule[], is: readonly Rule[]): string[] {
  const known = new Map(was.map(({ name, definition }) => [name, definition]));
  return is
    .filter(({ name, definition }) => known.get(name) !== definition)
    .map(({ name }) => `${kind} ${name} is ${known.has(name) ? 'defined differently' : 'new'}`);
}

/** Whether it is one of the targets or a partition of one. */
function mapped(relation: QualifiedName, targets: readonly QualifiedName[], { relations }: Catalog): boolean {
  if (targets.some((target) => same(target, relation))) return true;
  const parent = relations.find((known) => same(known, relation))?.partitionOf ?? null;
  return parent !== null && mapped(parent, targets, { relations } as Catalog);
}
