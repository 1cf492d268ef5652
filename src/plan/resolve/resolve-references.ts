import type { ColumnPlan } from '../../contract/resolved-plan';
import type { Report } from '../check/check-context';
import { didYouMean } from '../check/nearest';
import type { PlanPath } from '../position';
import { parseQualifiedName, sameName } from './qualified-name';
import type { QualifiedName } from '../../contract/catalog';
import { counted } from '../../report/counted';

/** What references need to know of a mapping. */
export interface ReferenceNode {
  readonly name: string;
  readonly target: QualifiedName;
  readonly columns: readonly ColumnPlan[];
  /** How many columns its id is computed from; null when it has no id of its own. */
  readonly idInputs: number | null;
  /** The only column of the target's primary key, when it has one column. */
  readonly keyColumn: string | null;
  readonly path: PlanPath;
}

function find(ref: string, nodes: readonly ReferenceNode[]): ReferenceNode | null {
  const full = parseQualifiedName(ref);
  return (
    (full === null ? undefined : nodes.find((node) => sameName(node.target, full))) ??
    nodes.find((node) => node.name === ref) ??
    null
  );
}

/**
 * The mapping whose id a reference follows. A parent without an id of its own whose key column is itself a reference
 * (one-to-one tables) hands on to its parent, through any depth; a circle of such tables is refused.
 */
export function resolveReferences(nodes: readonly ReferenceNode[], report: Report): Map<string, ColumnPlan[]> {
  const resolved = new Map<string, ColumnPlan[]>();
  for (const node of nodes)
    resolved.set(
      node.name,
      node.columns.map((column) => {
        if (column.ref === undefined) return column;
        const path = [...node.path, 'columns', column.target, 'ref'];
        const end = follow(column.ref, column.from.length, nodes, path, report);
        return end === null ? column : { ...column, ref: end.name };
      }),
    );
  return resolved;
}

function follow(
  ref: string,
  inputs: number,
  nodes: readonly ReferenceNode[],
  path: PlanPath,
  report: Report,
): ReferenceNode | null {
  const way: string[] = [];
  let name = ref;
  for (;;) {
    const parent = find(name, nodes);
    if (parent === null) {
      report.add(
        'RP1017',
        `\`${name}\` is not a table of this plan.${didYouMean(
          name,
          nodes.map((node) => node.name),
        )}`,
        path,
      );
      return null;
    }
    if (parent.idInputs !== null) {
      if (parent.idInputs === inputs) return parent;
      report.add(
        'RP1017',
        `The id of \`${parent.name}\` is computed from ${counted(parent.idInputs, 'column')}, this reference has ${inputs}.`,
        path,
        {
          fix: "Give `from` the columns that hold the parent's key, in the same order.",
        },
      );
      return null;
    }
    if (way.includes(parent.name)) {
      report.add(
        'RP1009',
        `These references run in a circle: ${[...way.slice(way.indexOf(parent.name)), parent.name].join(' → ')}.`,
        path,
      );
      return null;
    }
    way.push(parent.name);
    const key = parent.columns.find((column) => column.target === parent.keyColumn);
    if (key?.ref === undefined) {
      report.add('RP1017', `\`${parent.name}\` has no \`id\`, so there is no new id to follow.`, path, {
        fix: `Add \`id: { keep: … }\`, offset or uuid_from to \`${parent.name}\`; where ids do not change, leave \`ref\` out.`,
      });
      return null;
    }
    name = key.ref;
  }
}
