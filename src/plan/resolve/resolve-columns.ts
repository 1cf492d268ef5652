import type { Relation } from '../../contract/catalog';
import type { ColumnDocument, IdDocument } from '../../contract/plan-column';
import type { TableDocument } from '../../contract/plan-table';
import type { ColumnPlan, IdPlan } from '../../contract/resolved-plan';
import { asList, stepSpec } from './steps';

/** The target column that takes the id: the declared one, else a primary key of one column; null when unknown. */
export function idColumn(id: IdDocument | undefined, target: Relation | null): string | null {
  if (id === undefined) return null;
  if (id.column !== undefined) return id.column;
  const key = target?.primaryKey?.columns ?? [];
  return key.length === 1 ? (key[0] as string) : null;
}

export function resolveId(id: IdDocument | undefined): IdPlan | null {
  if (id === undefined) return null;
  const column = id.column ?? null;
  if (id.keep !== undefined) return { kind: 'keep', from: [id.keep], column };
  if (id.offset !== undefined)
    return { kind: 'offset', from: [id.offset.from], by: BigInt(id.offset.by).toString(), column };
  return { kind: 'uuid_from', from: asList(id.uuid_from), column };
}

function column(target: string, document: ColumnDocument): ColumnPlan {
  if (typeof document === 'string') return { target, from: [document], steps: [], parentOutOfScope: 'quarantine' };
  return {
    target,
    from: asList(document.from),
    ...(document.value === undefined ? {} : { constant: document.value }),
    ...(document.sql === undefined ? {} : { sql: document.sql }),
    steps: (document.steps ?? []).map(stepSpec),
    ...(document.ref === undefined ? {} : { ref: document.ref }),
    parentOutOfScope: document.parent_out_of_scope ?? 'quarantine',
  };
}

/**
 * Columns of one table in the order of the plan, those of the same name (`*`) after them in the order of the target.
 * `ref` is still as written. Relations are null when the catalogs do not have them.
 */
export function resolveColumns(table: TableDocument, source: Relation | null, target: Relation | null): ColumnPlan[] {
  const given = table.columns === '*' || table.columns === undefined ? { '*': '*' as const } : table.columns;
  const explicit = Object.entries(given).filter(([name]) => name !== '*');
  const columns = explicit.map(([name, document]) => column(name, document));
  if (!Object.hasOwn(given, '*')) return columns;
  const taken = new Set([...explicit.map(([name]) => name), idColumn(table.id, target)]);
  const ignored = new Set(table.ignore ?? []);
  const available = new Set((source?.columns ?? []).map((one) => one.name));
  for (const { name, generated } of target?.columns ?? [])
    if (!generated && !taken.has(name) && available.has(name) && !ignored.has(name)) columns.push(column(name, name));
  return columns;
}
