import type { CompiledMapping } from '../../contract/compiled';
import { tokenizeSql } from '../../plan/sql-tokens';
import type { MappingWork } from '../mapping-work';
import { pathOf } from '../mapping-work';
import { tableKey } from '../table-key';

/** Whether changes of the sources are followed in a run of this plan. */
function isCaptured({ plan }: MappingWork): boolean {
  return plan.settings.pattern === 'hybrid' && plan.capture !== 'none';
}

/** What keeps the changes of a relation from being captured, or from being followed to all rows they change. */
export function checkCaptured(work: MappingWork): void {
  const { mapping, from, source, problems } = work;
  const changed = isCaptured(work) || work.plan.settings.pattern === 'big_bang';
  if (changed && source.server.isStandby) {
    problems.error('RP2050', `The source ${mapping.source} is a standby.`, {
      path: ['sources', mapping.source],
      object: `source ${mapping.source}`,
    });
  }
  if (!isCaptured(work)) return;
  const object = tableKey(from);
  if (from.kind !== 'table' && from.kind !== 'partitioned') {
    problems.error('RP2047', `${object} is a ${from.kind.replaceAll('_', ' ')}, whose changes cannot be captured.`, {
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
    const reads = readsElsewhere(sql);
    if (reads === 'select')
      problems.error('RP2048', `An expression of ${mapping.name} reads other tables.`, { path, object });
    if (reads === 'function')
      problems.warning('RP2051', `An expression of ${mapping.name} calls a function of your own.`, { path, object });
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

/** A sub-select reads another table; a function outside pg_catalog may. */
function readsElsewhere(sql: string): 'select' | 'function' | null {
  const { tokens } = tokenizeSql(sql);
  if (tokens.some((token) => token.kind === 'word' && (token.text === 'select' || token.text === 'table')))
    return 'select';
  const called = tokens.some(
    (token, at) =>
      (token.kind === 'word' || token.kind === 'quoted') &&
      tokens[at + 1]?.text === '(' &&
      tokens[at - 1]?.text === '.' &&
      tokens[at - 2]?.text !== 'pg_catalog',
  );
  return called ? 'function' : null;
}
