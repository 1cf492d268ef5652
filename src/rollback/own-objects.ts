import type { QualifiedName } from '../contract/catalog';
import { qualified } from '../sql/quote';
import type {
  ForeignKeyDetail,
  IndexDetail,
  MaterializedViewDetail,
  RowsSavedDetail,
  Step,
  StepDetails,
  StepKind,
  TriggersDetail,
} from './step-detail';

/** The name of an object of a fingerprint: `%I` and `%s` of its pattern stand for the parts, in order. */
export interface ObjectName {
  readonly pattern: string;
  readonly parts: readonly string[];
  /** Quoted name of the table that it belongs to. */
  readonly table?: string;
}

const of = (pattern: string, ...parts: string[]): ObjectName => ({ pattern, parts });
const onRelation = (kind: string, name: string, relation: QualifiedName): ObjectName => ({
  ...of(`${kind} %I of %I.%I`, name, relation.schema, relation.name),
  table: qualified(relation),
});

const ofStep: { readonly [Kind in StepKind]?: (detail: StepDetails[Kind]) => ObjectName[] } = {
  triggers: ({ triggers }: TriggersDetail) =>
    triggers.map(({ name, relation }) => onRelation('trigger', name, relation)),
  foreign_key: (detail: ForeignKeyDetail) =>
    [detail, ...detail.partitions].map(({ name, relation }) => onRelation('constraint', name, relation)),
  index: (detail: IndexDetail) =>
    [detail.root, ...detail.partitions].flatMap(({ index, relation, constraint }) => [
      { ...of('index %I.%I', index.schema, index.name), table: qualified(relation) },
      ...(constraint === null ? [] : [onRelation('constraint', constraint.name, relation)]),
    ]),
  materialized_view: ({ view }: MaterializedViewDetail) => [
    of('content of materialized view %I.%I', view.schema, view.name),
  ],
  rows_saved: ({ relation }: RowsSavedDetail) => [of('rows of %s', qualified(relation))],
};

/**
 * Objects of the target's fingerprint that a run changes and a rollback has to put back as they were. Not the rows of a table that was
 * empty before, nor the position of a sequence or a replica identity: a rollback sets them where nobody else did, and what is there later
 * is of others. Nor what belongs to tables that others set apart from the one they were partitions of.
 */
export function ownObjects(steps: readonly Step[], apart: ReadonlySet<string>): ObjectName[] {
  return steps.flatMap(({ kind, detail }) => {
    const names = ofStep[kind] as ((detail: unknown) => ObjectName[]) | undefined;
    return names === undefined ? [] : names(detail).filter(({ table }) => table === undefined || !apart.has(table));
  });
}

/** Every partition of the tables that were filled. */
export function filledPartitions(steps: readonly Step[]): QualifiedName[] {
  return steps.filter((step): step is Step<'rows'> => step.kind === 'rows').flatMap(({ detail }) => detail.partitions);
}

/** Triggers that fired for what the run wrote, with their tables. */
export function firedTriggers(steps: readonly Step[]): string[] {
  return steps
    .filter((step): step is Step<'triggers'> => step.kind === 'triggers')
    .flatMap(({ detail }) => detail.triggers)
    .filter(({ action, enabled }) => action === 'fire' && enabled !== 'D')
    .map(({ name, relation }) => `trigger ${name} of ${relation.schema}.${relation.name}`);
}
