import type { Column, Relation } from '../../contract/catalog';
import type { Json } from '../../contract/resolved-plan';
import { familyOf } from '../../transform/cast/type-family';
import { sameName, writeQualifiedName } from '../resolve/qualified-name';
import type { ColumnMatch } from './match-columns';
import { conversion, matchColumns } from './match-columns';
import type { TableMatch } from './match-tables';

interface SuggestedId {
  readonly kind: 'keep' | 'uuid_from';
  readonly from: readonly string[];
  readonly column: string;
}

export interface SuggestedColumn {
  readonly target: string;
  readonly from: readonly string[];
  readonly steps: readonly Json[];
  readonly ref: string | null;
  readonly note: string | null;
}

export interface SuggestedTable extends TableMatch {
  readonly id: SuggestedId | null;
  readonly columns: readonly SuggestedColumn[];
  /** The source has no key that rowproof would find by itself. */
  readonly keyMissing: boolean;
  readonly uncovered: readonly { readonly column: Column; readonly reason: string }[];
  readonly optional: readonly string[];
  readonly leftOver: readonly string[];
  /** Source columns that the target computes itself. */
  readonly computed: readonly string[];
}

/** Names that the plan file cannot spell as a key. */
function isSpellable(name: string): boolean {
  return name !== '*' && name !== '__proto__';
}

/** How the primary key of a target table comes about, null when there is no good guess. */
function suggestId({ source, target }: TableMatch): SuggestedId | null {
  const [column, ...more] = target.primaryKey?.columns ?? [];
  const key = source.primaryKey?.columns ?? [];
  if (column === undefined || more.length > 0 || key.length === 0 || !isSpellable(column)) return null;
  // A key that is itself a foreign key belongs to the parent (one-to-one tables).
  if (target.foreignKeys.some((foreign) => foreign.columns.length === 1 && foreign.columns[0] === column)) return null;
  const { type, generated } = target.columns.find((one) => one.name === column) ?? {};
  if (generated === true) return null;
  const sources = key.map((name) => source.columns.find((one) => one.name === name));
  if (type === undefined || sources.some((one) => one === undefined)) return null;
  const [first] = sources as Column[];
  if (familyOf(type) === 'uuid' && (key.length > 1 || (first !== undefined && familyOf(first.type) !== 'uuid')))
    return { kind: 'uuid_from', from: key, column };
  const targetColumn = target.columns.find((one) => one.name === column) as Column;
  if (key.length === 1 && first !== undefined && conversion(first, targetColumn)?.steps.length === 0)
    return { kind: 'keep', from: key, column };
  return null;
}

/** The source column that plays the part of a foreign key column of the target. */
function referenceColumn(match: TableMatch, parent: TableMatch, target: string): string | null {
  const declared = match.source.foreignKeys.filter(
    (foreign) => foreign.columns.length === 1 && sameName(foreign.references, parent.source),
  );
  if (declared.length === 1) return declared[0]?.columns[0] ?? null;
  const key = parent.source.primaryKey?.columns ?? [];
  const wanted = match.target.columns.find((one) => one.name === target) as Column;
  const parentKey = parent.source.columns.find((one) => one.name === key[0]);
  if (parentKey === undefined || key.length !== 1) return null;
  // Compare names only: the type of the old key is what counts, not that of the new id.
  const typed: Relation = { ...match.target, columns: [{ ...wanted, type: parentKey.type }] };
  const found = matchColumns(match.source, typed)[0] ?? null;
  if (found !== null) return found.source.name;
  return match.source.columns.some((one) => one.name === key[0]) ? (key[0] as string) : null;
}

function plainColumn({ source, target, conversion: way }: ColumnMatch): SuggestedColumn {
  return { target: target.name, from: [source.name], steps: way.steps, ref: null, note: way.note };
}

/** Best guess for one pair of tables; `all` are the other pairs, for references. */
export function suggestTable(match: TableMatch, all: readonly TableMatch[]): SuggestedTable {
  const { source, target } = match;
  const id = suggestId(match);
  const columns: SuggestedColumn[] = [];
  const taken = new Set<string>(id === null ? [] : [id.column]);
  for (const foreign of target.foreignKeys) {
    const [column] = foreign.columns;
    const parent = all.find((one) => sameName(one.target, foreign.references));
    const parentId = parent === undefined ? null : suggestId(parent);
    if (
      column === undefined ||
      foreign.columns.length > 1 ||
      parent === undefined ||
      parentId === null ||
      taken.has(column)
    )
      continue;
    if (parentId.kind === 'keep' || parentId.from.length > 1 || parentId.column !== foreign.referencedColumns[0])
      continue;
    const from = referenceColumn(match, parent, column);
    if (from === null) continue;
    taken.add(column);
    columns.push({ target: column, from: [from], steps: [], ref: writeQualifiedName(parent.target), note: null });
  }
  const referring = new Set(columns.flatMap((one) => one.from));
  const rest = { ...source, columns: source.columns.filter((one) => !referring.has(one.name)) };
  for (const found of matchColumns(rest, target, { taken })) columns.push(plainColumn(found));
  const order = new Map(target.columns.map((one, index) => [one.name, index]));
  columns.sort((a, b) => (order.get(a.target) ?? 0) - (order.get(b.target) ?? 0));

  const covered = new Set([...taken, ...columns.map((one) => one.target)]);
  const open = target.columns.filter((one) => !covered.has(one.name) && !one.generated);
  const needed = open.filter((one) => one.notNull && !one.hasDefault && one.identity === '');
  const used = new Set([...columns.flatMap((one) => one.from), ...(id?.from ?? [])]);
  const notNull = (name: string): boolean => source.columns.find((one) => one.name === name)?.notNull === true;
  const hasKey = source.primaryKey !== null || source.uniques.some((unique) => unique.columns.every(notNull));
  const computed = source.columns
    .map((one) => one.name)
    .filter((name) => !used.has(name) && target.columns.some((one) => one.generated && one.name === name));
  return {
    ...match,
    id,
    columns: columns.filter((one) => isSpellable(one.target)),
    keyMissing: !hasKey,
    uncovered: needed.map((column) => ({ column, reason: reasonFor(column, source) })),
    optional: open.filter((one) => !needed.includes(one)).map((one) => one.name),
    leftOver: source.columns.map((one) => one.name).filter((name) => !used.has(name) && !computed.includes(name)),
    computed,
  };
}

function reasonFor(column: Column, source: Relation): string {
  const alike = source.columns.find((one) => one.name.toLowerCase() === column.name.toLowerCase());
  return alike === undefined
    ? 'NOT NULL without a default, and no source column looks like it'
    : `NOT NULL without a default; ${alike.name} has that name, but its type does not fit`;
}
