import { tableKey } from '../compile/key/table-key';
import type { CompiledMapping, CompiledPlan } from '../contract/compiled';
import type { FindingSummary } from '../contract/run';
import type { CapturedRelation } from './captured-relations';
import type { CaptureNews } from './compare-capture';
import type { RelationFacts } from './fingerprint';

/** Columns of its source that a mapping reads by name; SQL of the plan is searched for names by `readsColumn`. */
export function readColumns(mapping: Pick<CompiledMapping, 'key' | 'rawColumns'>): string[] {
  const raw = mapping.rawColumns.filter(({ sql }) => !sql).map(({ name }) => name);
  return [...new Set([...mapping.key.map(({ name }) => name), ...raw])];
}

/** Whether any mapping of a captured relation reads this column; SQL that mentions the name counts as reading it. */
export function readsColumn(
  mappings: readonly CompiledMapping[],
  relations: readonly CapturedRelation[],
  facts: Pick<RelationFacts, 'ids'>,
  column: string,
): boolean {
  return mappingsOf(mappings, relations, facts).some((mapping) => {
    if (readColumns(mapping).includes(column)) return true;
    const texts = [mapping.where ?? '', ...mapping.rawColumns.filter(({ sql }) => sql).map(({ name }) => name)];
    return texts.some((text) => text.toLowerCase().includes(column.toLowerCase()));
  });
}

/** Mappings that a relation's changes make read again. */
export function mappingsOf(
  mappings: readonly CompiledMapping[],
  relations: readonly CapturedRelation[],
  facts: Pick<RelationFacts, 'ids'>,
): CompiledMapping[] {
  const names = new Set(relations.filter(({ id }) => facts.ids.includes(id)).flatMap((one) => one.mappings));
  return mappings.filter(({ name }) => names.has(name));
}

/** News as findings; what the plan says to ignore is none. A new column or table waits for a decision, a dropped one does not. */
export function newsFindings(
  compiled: Pick<CompiledPlan, 'plan' | 'mappings'>,
  relations: readonly CapturedRelation[],
  news: readonly CaptureNews[],
): FindingSummary[] {
  const { plan } = compiled;
  return news.flatMap((one): FindingSummary[] => {
    if (one.kind === 'new_table') {
      if (plan.unmappedSourceTables === 'ignore') return [];
      const sentence = `The source has a new table ${one.table} that the plan does not map.`;
      return [finding(`${one.table}.new_table`, null, null, one.kind, sentence)];
    }
    const ignoring = new Set(
      plan.mappings.filter((each) => each.unmappedSourceColumns === 'ignore').map(({ name }) => name),
    );
    const table = tableKey(one.relation.relation);
    return mappingsOf(compiled.mappings, relations, one.relation)
      .filter(({ name }) => !ignoring.has(name))
      .map(({ name }) => {
        const sentence =
          one.kind === 'new_column'
            ? `${table} has a new column ${one.column} that the plan does not map: its values stay behind.`
            : `${table} lost the column ${one.column}, which the plan does not map.`;
        return finding(`${name}.${one.column}.${one.kind}`, name, one.column, one.kind, sentence);
      });
  });
}

function finding(
  id: string,
  mapping: string | null,
  column: string | null,
  kind: CaptureNews['kind'],
  sentence: string,
): FindingSummary {
  const note = kind === 'dropped_column';
  return {
    id,
    mapping,
    column,
    kind,
    severity: note ? 'note' : 'decide',
    rows: 0,
    sentence,
    choices: note ? [] : ['accept', 'stop'],
    decided: null,
  };
}
