import type { QualifiedName } from '../../contract/catalog';
import type { CompiledMapping } from '../../contract/compiled';
import { tokenizeSql } from '../../plan/check/sql-tokens';
import { isCaptured } from '../is-captured';
import type { MappingWork } from '../mapping-work';
import { pathOf } from '../mapping-work';
import { tableKey } from '../key/table-key';

/** What keeps the changes of a relation from being captured, or from being followed to all rows they change. */
export function checkCaptured(work: MappingWork): void {
  const { mapping, from, source, problems } = work;
  const frozen = work.plan.settings.pattern === 'big_bang';
  const changed = isCaptured(work) || frozen;
  if (changed && source.server.isStandby) {
    problems.error('RP2050', `The source ${mapping.source} is a standby.`, {
      path: ['sources', mapping.source],
      object: `source ${mapping.source}`,
    });
  }
  const object = tableKey(from);
  const isTable = from.kind === 'table' || from.kind === 'partitioned';
  if (frozen && !isTable) {
    problems.error('RP2052', `${object} is a ${from.kind}, which a freeze does not reach.`, {
      path: pathOf(mapping, 'from'),
      object,
    });
  }
  if (!isCaptured(work)) return;
  if (!isTable) {
    problems.error('RP2047', `${object} is a ${from.kind}, whose changes cannot be captured.`, {
      path: pathOf(mapping, 'from'),
      object,
    });
  }
  const expressions = [
    ...(mapping.where === null ? [] : [{ sql: mapping.where, path: pathOf(mapping, 'where') }]),
    ...mapping.columns.flatMap(({ sql, target }) =>
      sql === undefined ? [] : [{ sql, path: pathOf(mapping, 'columns', target, 'sql') }],
    ),
  ];
  for (const { sql, path } of expressions) {
    if (selects(sql)) {
      problems.error('RP2048', `An expression of ${mapping.name} reads other tables.`, { path, object });
      continue;
    }
    for (const called of calledFunctions(sql)) {
      if (!source.mutableFunctions.some(({ schema, name }) => schema === called.schema && name === called.name))
        continue;
      const name = `${called.schema}.${called.name}`;
      problems.error('RP2051', `An expression of ${mapping.name} calls ${name}, which is not IMMUTABLE.`, {
        path,
        object: name,
      });
    }
  }
}

/** A key that no constraint guarantees may name two rows, of which a change would find either. */
export function checkCapturedKey(work: MappingWork, compiled: Pick<CompiledMapping, 'keyProven' | 'key'>): void {
  if (!isCaptured(work) || compiled.keyProven) return;
  const { mapping, from, problems } = work;
  const names = compiled.key.map(({ name }) => name).join(', ');
  problems.error('RP2049', `No constraint of ${tableKey(from)} keeps its key (${names}) unique and not NULL.`, {
    path: pathOf(mapping, 'key'),
    object: tableKey(from),
  });
}

/** A sub-select reads another table. */
function selects(sql: string): boolean {
  return tokenizeSql(sql).tokens.some((token) => token.kind === 'word' && ['select', 'table'].includes(token.text));
}

/** Functions that are called with their schema: rowproof's sessions find others in pg_catalog alone. */
function calledFunctions(sql: string): QualifiedName[] {
  const { tokens } = tokenizeSql(sql);
  const named = (at: number): string | null => {
    const token = tokens[at];
    return token?.kind === 'word' || token?.kind === 'quoted' ? token.value : null;
  };
  const called = tokens.flatMap((token, at): QualifiedName[] => {
    const [schema, name] = [named(at - 3), named(at - 1)];
    const call = token.text === '(' && tokens[at - 2]?.text === '.';
    return call && schema !== null && name !== null ? [{ schema, name }] : [];
  });
  return [...new Map(called.map((one) => [JSON.stringify(one), one])).values()];
}
