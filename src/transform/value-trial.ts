import type { ColumnType, TypeShape } from '../contract/catalog';
import type { CastSpec, ValueTrial } from '../contract/compiled';
import { baseName } from './cast/type-family';
import { altersSilently, bareType, isBare, leavesOf, printsLoosely } from './type-shape';

/** Casts of which only the target knows whether it takes a value. */
const evaluatedByTarget: ReadonlySet<string> = new Set(['json', 'jsonb', 'other']);

/** Casts that leave the value's type as it is or check its modifiers themselves. */
function checkedHere(cast: CastSpec): boolean {
  return !evaluatedByTarget.has(cast.kind);
}

/**
 * How the target is asked about values of a column before any of them is written; null where the compiled cast leaves nothing to ask.
 * `newer`: the source may hold values of the type that the target's older server does not know.
 */
export function chooseTrial(cast: CastSpec, newer: boolean): ValueTrial | null {
  const type = cast.target;
  const here = checkedHere(cast);
  if (here && type.checked !== true && !newer) return null;
  const shape = shapeOf(type);
  const bare = bareType(shape);
  const plain = isBare(shape) && type.kind !== 'domain';
  const textual = leavesOf(shape).every(({ name }) => cutNames.has(name));
  return {
    stored: type.declared ?? bareName(type.name),
    read: plain ? null : bare.name,
    types: plain ? [] : bare.types,
    byValue: printsLoosely(shape),
    silent: !here && altersSilently(shape),
    unreadable: `cast_${kindName(type)}`,
    altered: textual ? 'too_long' : 'precision',
  };
}

/** Types whose modifier is a length. */
const cutNames = new Set(['bpchar', 'character varying', 'bit', '"bit"', 'bit varying']);

/** The shape of any type: one of pg_catalog that is made of nothing else has only its modifier, which `declared` spells. */
function shapeOf(type: ColumnType): TypeShape {
  if (type.shape !== undefined) return type.shape;
  return {
    kind: type.labels === null ? 'base' : 'enum',
    name: bareName(baseName(type)),
    typmod: type.declared === undefined || type.declared === bareName(type.name) ? -1 : 0,
    domain: false,
    element: null,
    fields: [],
    labels: type.labels ?? [],
  };
}

/** SQL of a type without its modifier. */
export function bareTypeName(type: ColumnType): string {
  return bareName(type.name);
}

function bareName(name: string): string {
  return name === 'character' ? 'bpchar' : name === 'bit' ? '"bit"' : name;
}

/** A type's name as part of a finding: letters, digits and underscores. */
function kindName(type: ColumnType): string {
  if (type.name === 'jsonb') return 'json';
  const name = type.base ?? type.name;
  return name
    .replace(/\[\]/g, ' array')
    .replace(/^.*\./, '')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();
}

/** Kinds of reasons by the SQLSTATE with which the target refuses a value; others mean that its type does not read it. */
const kindsBySqlstate: Readonly<Record<string, string>> = {
  '23514': 'check',
  '23502': 'not_null',
  '22001': 'too_long',
  '22026': 'too_long',
  '22003': 'out_of_range',
  '22021': 'encoding',
  '22P05': 'encoding',
};

/** The kind of the reason why the target does not take a value: one name from the first look to the last. */
export function refusalKind(trial: ValueTrial, refusal: { readonly sqlstate: string | null }): string {
  if (refusal.sqlstate === null) return trial.altered;
  return kindsBySqlstate[refusal.sqlstate] ?? trial.unreadable;
}

/** SQL of the value of `text` as its type reads it, and as the column stores it. */
function read(trial: ValueTrial, text: string): string {
  return `(${text})::${trial.read ?? trial.stored}`;
}

function stored(trial: ValueTrial, text: string): string {
  return `(${text})::${trial.stored}`;
}

/** SQL boolean: storing the value changes it. Raises where the type does not take it. */
function alteredSql(trial: ValueTrial, text: string): string {
  const before = read(trial, text);
  const after = `(${stored(trial, text)})::text::${trial.read ?? trial.stored}`;
  return trial.byValue ? `${before} is distinct from ${after}` : `(${before})::text is distinct from (${after})::text`;
}

/**
 * What the column must print: the value as it is stored where that is the value that was read, else the value that was read, so
 * that rounding never looks right. Raises where the type does not take it.
 */
export function expectedTextSql(trial: ValueTrial, text: string): string {
  if (trial.read === null) return `(${stored(trial, text)})::text`;
  return `case when ${alteredSql(trial, text)} then (${read(trial, text)})::text else (${stored(trial, text)})::text end`;
}

/** What the judge says of a row: which of its fields is the first that the target does not take, and why. */
export interface Refusal {
  readonly field: number;
  /** Null where the value would be stored, but not as it was read. */
  readonly sqlstate: string | null;
  readonly constraint: string | null;
}

/**
 * Statements that create the judge: a function over an array of one text a trial, NULL where the target takes all of them, else a refusal
 * for `readRefusal`. It never raises for what a value is. An array, because a function takes no more than a hundred arguments.
 */
export function createEvaluateSql(name: string, trials: readonly ValueTrial[]): string[] {
  const blocks = trials.map((trial, at) => {
    const text = `$1[${at + 1}]`;
    const test =
      trial.read === null
        ? `perform ${stored(trial, text)};`
        : `if ${alteredSql(trial, text)} then return '${at} altered'; end if;`;
    return `begin ${test} exception when others then
      get stacked diagnostics state = returned_sqlstate, broken = constraint_name;
      if state !~ '${refusalsOf(trial).source}' then raise; end if;
      return '${at} ' || state || ' ' || broken; end;`;
  });
  return [
    ...new Set(trials.flatMap(({ types }) => types)),
    `create or replace function ${name}(text[]) returns text language plpgsql as $rowproof$
      declare state text; broken text;
      begin ${blocks.join('\n')} return null; end $rowproof$`,
  ];
}

/** SQLSTATEs that speak of a value: data, constraints, limits, functions, and the grammar of tsquery, jsonpath and the like. */
const refusals = /^(2[123]|38|39|44|54|P0|42601|42704)/;
/** Types that are not built in, those of extensions above all, refuse a text in whatever way their authors chose: without a code it is internal_error. */
const refusalsOutside = /^(2[123]|38|39|44|54|P0|42601|42704|XX000)/;

function refusalsOf({ read, stored }: ValueTrial): RegExp {
  return [read ?? stored, stored].some((name) => name.includes('.')) ? refusalsOutside : refusals;
}

/** A call of the judge over the texts of a row. */
export function evaluateCall(name: string, texts: readonly string[]): string {
  return `${name}(array[${texts.join(', ')}]::text[])`;
}

/** Whether an error of the target may be about a value of such a column, although its SQLSTATE speaks of a statement. */
export function mayRefuseValue(trials: readonly ValueTrial[], sqlstate: string | null): boolean {
  return sqlstate !== null && trials.some((trial) => refusalsOf(trial).test(sqlstate));
}

export function readRefusal(text: string): Refusal {
  const [field = '0', state = '', ...constraint] = text.split(' ');
  const name = constraint.join(' ');
  return {
    field: Number(field),
    sqlstate: state === 'altered' ? null : state,
    constraint: name === '' ? null : name,
  };
}
