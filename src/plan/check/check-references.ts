import type { PlanDocument } from '../../contract/plan-file';
import type { Report } from './check-context';
import { findTable, patternMayBring, plainEntries } from '../resolve/find-table';
import { didYouMean } from './nearest';
import { asList } from '../resolve/steps';
import { counted } from '../../report/counted';

/** References of a plan: known parents, parents with an id, and no circle of tables that all wait for each other's id. */
export function checkReferences(document: PlanDocument, allKeys: readonly string[], report: Report): void {
  const entries = plainEntries(document);
  const waitsFor = new Map<string, { parent: string; path: (string | number)[] }[]>();
  const hasId = new Map(entries.map(({ key, table }) => [key, table.id !== undefined]));
  for (const { key, table } of entries) {
    if (table.columns === undefined || table.columns === '*') continue;
    for (const [target, column] of Object.entries(table.columns)) {
      if (typeof column === 'string' || column.ref === undefined) continue;
      const path = ['tables', key, 'columns', target, 'ref'];
      const parent = findTable(column.ref, allKeys);
      if (parent === null) {
        if (!patternMayBring(column.ref, allKeys))
          report.add(
            'RP1017',
            `\`${column.ref}\` is not a table of this plan.${didYouMean(column.ref, allKeys)}`,
            path,
          );
        continue;
      }
      const id = document.tables[parent]?.id;
      const idColumns = asList(id?.uuid_from ?? id?.keep ?? id?.offset?.from).length;
      const columns = asList(column.from).length;
      if (idColumns > 0 && columns > 0 && idColumns !== columns)
        report.add(
          'RP1017',
          `The id of \`${parent}\` is computed from ${counted(idColumns, 'column')}, this reference has ${columns}.`,
          path,
          {
            fix: "Give `from` the columns that hold the parent's key, in the same order.",
          },
        );
      if (hasId.get(parent) !== false) continue;
      waitsFor.set(key, [...(waitsFor.get(key) ?? []), { parent, path }]);
    }
  }
  const reported = new Set<string>();
  for (const [start, edges] of waitsFor)
    for (const edge of edges) {
      const circle = findCircle(start, edge.parent, waitsFor, hasId);
      if (circle !== null) {
        const name = [...circle].sort().join(' ');
        if (!reported.has(name))
          report.add('RP1009', `These references run in a circle: ${[...circle, circle[0]].join(' → ')}.`, edge.path);
        reported.add(name);
      } else if ((waitsFor.get(edge.parent) ?? []).length === 0 && !columnsMayRefer(document, edge.parent))
        report.add('RP1017', `\`${edge.parent}\` has no \`id\`, so there is no new id to follow.`, edge.path, {
          fix: `Add \`id: { keep: … }\`, offset or uuid_from to \`${edge.parent}\`; where ids do not change, leave \`ref\` out.`,
        });
    }
}

/** True when the id of a table may itself be a reference, which only the target's catalog tells. */
function columnsMayRefer(document: PlanDocument, key: string): boolean {
  const columns = document.tables[key]?.columns;
  return (
    columns !== undefined &&
    columns !== '*' &&
    Object.values(columns).some((column) => typeof column !== 'string' && column.ref !== undefined)
  );
}

/** The tables without an id of their own on a way from `next` back to `start`, `start` first. */
function findCircle(
  start: string,
  next: string,
  waitsFor: ReadonlyMap<string, readonly { readonly parent: string }[]>,
  hasId: ReadonlyMap<string, boolean>,
): string[] | null {
  if (hasId.get(start) !== false) return null;
  const seen = new Set<string>();
  const walk = (at: string, way: string[]): string[] | null => {
    if (at === start) return way;
    if (seen.has(at) || hasId.get(at) !== false) return null;
    seen.add(at);
    for (const { parent } of waitsFor.get(at) ?? []) {
      const found = walk(parent, [...way, at]);
      if (found !== null) return found;
    }
    return null;
  };
  return walk(next, [start]);
}
