import type { Catalog, QualifiedName, Relation, Sequence } from '../contract/catalog';
import type { CompiledSequence, SequenceLeft } from '../contract/compiled';
import type { ResolvedPlan } from '../contract/resolved-plan';
import { sameTable } from './mapping-work';
import type { ProblemList } from './problem-list';
import { tableKey } from './key/table-key';
import type { Catalogs } from './catalogs';

/**
 * Sequences beside those that number a mapped column: drawn from by functions, triggers, defaults of texts, or the application. A
 * sequence of the target follows the sequence of its name in the schemas that its own schema is filled from, or, where no table of its schema
 * is filled, in the schema of the same name. Sequences that only tables outside the plan draw from are theirs.
 */
export function compileSequences(
  plan: ResolvedPlan,
  catalogs: Catalogs,
  problems: ProblemList,
): { readonly sequences: readonly CompiledSequence[]; readonly sequencesLeft: readonly SequenceLeft[] } {
  const sequences: CompiledSequence[] = [];
  const left: SequenceLeft[] = [];
  const followed = new Set<string>();
  for (const sequence of catalogs.target.sequences) {
    if (ownedOutside(plan, catalogs.target, 'target', sequence)) continue;
    const counterparts = counterpartsOf(plan, catalogs, sequence);
    for (const { source, sequence: one } of counterparts) followed.add(`${source} ${tableKey(one)}`);
    const name = { schema: sequence.schema, name: sequence.name };
    const hidden = counterparts.filter(({ sequence: one }) => !one.readable);
    if (counterparts.length === 0) {
      if (!numbersColumn(catalogs.target, sequence)) left.push({ ...noted(name), side: 'target', why: 'unmatched' });
      continue;
    }
    if (!sequence.settable || hidden.length > 0) left.push({ ...noted(name), side: 'target', why: 'not_permitted' });
    if (!sequence.settable) continue;
    const readable = counterparts.filter(({ sequence: one }) => one.readable);
    sequences.push({
      sequence: name,
      cycle: sequence.cycle,
      sources: readable.map(({ source, sequence: one }) => ({
        source,
        sequence: { schema: one.schema, name: one.name },
      })),
    });
  }
  for (const source of Object.keys(plan.sources)) {
    const catalog = catalogs.sources[source];
    for (const sequence of catalog?.sequences ?? []) {
      if (followed.has(`${source} ${tableKey(sequence)}`)) continue;
      if (numbersColumn(catalog as Catalog, sequence) || ownedOutside(plan, catalog as Catalog, source, sequence))
        continue;
      left.push({ ...noted({ schema: sequence.schema, name: sequence.name }), side: source, why: 'unmatched' });
    }
  }
  for (const one of left) report(one, problems);
  return { sequences, sequencesLeft: left };
}

function noted(sequence: QualifiedName): Pick<SequenceLeft, 'sequence' | 'finding'> {
  return { sequence, finding: `${tableKey(sequence)}.sequence` };
}

function report({ sequence, side, why }: SequenceLeft, problems: ProblemList): void {
  const name = tableKey(sequence);
  const where = { path: ['tables'], object: `${side}: ${name}` };
  if (why === 'not_permitted')
    problems.warning(
      'RP2083',
      `The sequence ${name} of the target may not be set, or the sequence that it follows may not be read.`,
      where,
    );
  else if (side === 'target')
    problems.warning(
      'RP2082',
      `No source has a sequence for ${name} of the target: its position stays as it is.`,
      where,
    );
  else
    problems.warning('RP2082', `The target has no sequence for ${name} of ${side}: its position stays behind.`, where);
}

interface Counterpart {
  readonly source: string;
  readonly sequence: Sequence;
}

function counterpartsOf(plan: ResolvedPlan, catalogs: Catalogs, sequence: Sequence): Counterpart[] {
  const mapped = isMapped(plan, sequence);
  return Object.keys(plan.sources).flatMap((source) => {
    const schemas = mapped
      ? plan.mappings
          .filter((one) => one.source === source && one.target.schema === sequence.schema)
          .map((one) => one.from.schema)
      : [sequence.schema];
    return (catalogs.sources[source]?.sequences ?? [])
      .filter((one) => one.name === sequence.name && schemas.includes(one.schema))
      .map((one) => ({ source, sequence: one }));
  });
}

function isMapped(plan: ResolvedPlan, { schema }: QualifiedName): boolean {
  return plan.mappings.some((one) => one.target.schema === schema);
}

function drawing(catalog: Catalog, sequence: QualifiedName): Relation[] {
  return catalog.relations.filter(({ columns }) =>
    columns.some((column) => column.sequence !== null && sameTable(column.sequence, sequence)),
  );
}

/** Belongs to tables of one side that are outside the plan, and to no other. */
function ownedOutside(plan: ResolvedPlan, catalog: Catalog, side: string, sequence: QualifiedName): boolean {
  const mapped = plan.mappings
    .filter(({ source }) => side === 'target' || side === source)
    .map(({ from, target }) => (side === 'target' ? target : from));
  const tables = drawing(catalog, sequence);
  const isOurs = (relation: Relation): boolean =>
    mapped.some((one) => sameTable(one, relation) || isPartOf(catalog, relation, one));
  return tables.length > 0 && !tables.some(isOurs);
}

function isPartOf(catalog: Catalog, relation: Relation, root: QualifiedName): boolean {
  for (let above = relation.partitionOf; above !== null;) {
    if (sameTable(above, root)) return true;
    const parent: QualifiedName = above;
    above = catalog.relations.find((one) => sameTable(one, parent))?.partitionOf ?? null;
  }
  return false;
}

const numbers = new Set(['smallint', 'integer', 'bigint', 'numeric']);

/** The greatest value of a column says where it has to stand. */
function numbersColumn(catalog: Catalog, sequence: QualifiedName): boolean {
  return drawing(catalog, sequence).some(({ columns }) =>
    columns.some(
      ({ sequence: drawn, type }) =>
        drawn !== null &&
        sameTable(drawn, sequence) &&
        numbers.has(type.kind === 'domain' ? (type.base ?? '') : type.name),
    ),
  );
}
