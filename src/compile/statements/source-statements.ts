import type { MappingStatements } from '../../contract/compiled';
import type { TransformContext } from '../../transform/transform';
import { holdsCharacters, untranslatableSql } from '../../transform/untranslatable';
import { baseTypeName } from './type-facts';
import { computesId, isDirect, sourceColumn } from './column-to-sql';
import { countRows } from './count-rows';
import { keyMatch } from '../key/key-match';
import { proofOrder } from '../key/key-order';
import { keyTextSql } from '../key/key-text';
import { largeKind, textOrDigest } from './large-values';
import { rawText } from './raw-text';
import type { Deferred, Placed } from '../levels';
import { plain } from '../levels';
import { isMultiset, sourceRows } from '../key/row-identity';
import type { MappingFacts, Scope } from './source-select';
import { SourceSelect, anyOf, reasonArray } from './source-select';

type SourceStatements = Omit<MappingStatements, 'actualInProofOrder' | 'actualByKey'>;

/** Every statement that runs on the source of one mapping. */
export function sourceStatements(mapping: MappingFacts, context: TransformContext): SourceStatements {
  const start = (): SourceSelect => new SourceSelect(mapping, context);
  return {
    load: load(start()),
    rejected: rejected(start()),
    counts: countRows(start()),
    scopeCounts: scopeCounts(start()),
    raw: raw(start()),
    rawInProofOrder: rawInProofOrder(start()),
    expected: expected(start()),
    staged: staged(start()),
    boundaries: boundaries(start()),
    keyCheck: keyCheck(start()),
    unsendableKeys: unsendableKeys(start()),
    trial: trial(start(), start()),
    keysOfTargets: keysOfTargets(start()),
    outOfScopeRefs: outOfScopeRefs(start()),
    originals: originals(mapping),
    preview: preview(start()),
  };
}

function load(select: SourceSelect): string {
  const columns = select.columns().map(({ wire }) => wire);
  return select.write('in', columns, select.loadable(), { ordered: true });
}

function rejected(select: SourceSelect): string {
  const reasons = select.allReasons();
  const columns = [
    named(select.keyOfPassing(), 'key'),
    named(reasonArray(reasons), 'reasons'),
    named(select.refs(), 'refs'),
  ];
  return select.write('in', columns, [anyOf(reasons)]);
}

function scopeCounts(select: SourceSelect): string {
  const { where } = select.mapping;
  const count = (condition: string | null): string =>
    condition === null || where === null ? '0::bigint' : `count(*) FILTER (WHERE (${where}) ${condition})`;
  return [
    `SELECT count(*) AS "total", ${count('IS NOT TRUE')} AS "out_of_scope", ${count('IS NULL')} AS "scope_unknown"`,
    select.from('all'),
  ].join('\n');
}

function rawColumns(select: SourceSelect, mark: boolean): Placed[] {
  const { mapping } = select;
  return mapping.rawColumns.map((column) => select.levels.source(rawText(mapping, column, mark)));
}

function raw(select: SourceSelect): string {
  const columns = rawColumns(select, true).map((column) => plain(select.levels.name(column)));
  return select.write('in', [plain(select.key()), ...columns], [], { ordered: true });
}

function rawInProofOrder(select: SourceSelect): string {
  const { targetKey } = select.mapping;
  const columns = rawColumns(select, true).map((column, index) => plain(select.levels.name(column), `c${index + 1}`));
  if (isMultiset(select.mapping)) return rawInContentOrder(select, columns);
  const parts = targetKey.map((column, index) => named(select.guarded(column.name), `t${index + 1}`));
  const inner = select.write('in', [plain(select.key(), 'k'), ...columns, ...parts, named(select.targetKey(), 'tk')]);
  const order = proofOrder(
    targetKey,
    targetKey.map((_, index) => `"t${index + 1}"`),
    true,
  );
  return [
    `SELECT ${['"k"', ...columns.map((_, index) => `"c${index + 1}"`)].join(', ')}`,
    `FROM (${inner}) AS "p"`,
    'WHERE {{slice}}',
    `ORDER BY ${order.join(', ')}`,
  ].join('\n');
}

/** Rows without a key: what their contents are known by is the last column, so that both sides meet in it. */
function rawInContentOrder(select: SourceSelect, columns: readonly Deferred[]): string {
  const inner = select.write('in', [plain(select.key(), 'k'), ...columns, named(select.targetKey(), 'tk')]);
  return [
    `SELECT ${['"k"', ...columns.map((_, index) => `"c${index + 1}"`), '"tk"'].join(', ')}`,
    `FROM (${inner}) AS "p"`,
    'WHERE {{slice}}',
    'ORDER BY "tk" COLLATE "C", "k" COLLATE "C"',
  ].join('\n');
}

function expected(select: SourceSelect): string {
  const texts = select.columns().map(({ column, text }): Deferred => {
    const kind = largeKind(select.mapping, column);
    if (kind === null) return text;
    const value = select.levels.source(sourceColumn(select.mapping.from, column.from[0] as string), true);
    return {
      needs: [value, ...text.needs],
      write: (own, ...expressions) => textOrDigest(kind, own as string, text.write(...expressions)),
    };
  });
  return select.write('in', [plain(select.key()), select.targetKey(), ...texts], select.loadable(), { ordered: true });
}

function staged(select: SourceSelect): string {
  const columns = select.columns().map(({ wire }) => wire);
  return select.write('in', [select.keyOfPassing(), select.targetKey(), ...columns], select.loadable(), {
    ordered: true,
  });
}

function boundaries(select: SourceSelect): string {
  const { mapping } = select;
  const own = mapping.key.map((column, index) => `${sourceColumn(mapping.from, column.name)}::text AS "b${index + 1}"`);
  return [
    `SELECT ${mapping.key.map((_, index) => `"b${index + 1}"`).join(', ')}`,
    `FROM (SELECT ${own.join(', ')}, row_number() OVER (ORDER BY ${select.baseOrder()}) AS "n"`,
    `${select.from('all')}) AS "b"`,
    'WHERE mod("n", {{rows}}) = 0',
    'ORDER BY "n"',
  ].join('\n');
}

function keyCheck(select: SourceSelect): string {
  const { mapping } = select;
  const references = mapping.key.map((column) => sourceColumn(mapping.from, column.name));
  const known = references.map((reference) => `${reference} IS NOT NULL`).join(' AND ');
  return [
    'SELECT (count(*) - count(*) FILTER (WHERE "known")) AS "null_keys",',
    '(count(*) FILTER (WHERE "known" AND "nth" > 1)) AS "duplicates"',
    `FROM (SELECT (${known}) AS "known", row_number() OVER (PARTITION BY ${select.baseOrder()}) AS "nth"`,
    `${select.from('all')}) AS "b"`,
  ].join('\n');
}

/** Empty where every key can be sent. */
function unsendableKeys(select: SourceSelect): string {
  const { mapping } = select;
  const tests = mapping.key
    .filter((column) => holdsCharacters(baseTypeName(column.type)))
    .flatMap((column) => untranslatableSql(mapping.encoding, `${sourceColumn(mapping.from, column.name)}::text`) ?? []);
  if (tests.length === 0) return '';
  return `SELECT count(*) FILTER (WHERE ${tests.join(' OR ')}) AS "rows"\n${select.from('all')}`;
}

function trial(inside: SourceSelect, outside: SourceSelect): string {
  const { trialColumns, columns } = inside.mapping;
  const part = (select: SourceSelect, scope: Scope, outcome: Deferred, known: (name: string) => boolean): string =>
    select.write(scope, [
      plain(select.key(), 'key'),
      named(outcome, 'class'),
      ...trialColumns.map((name, index) =>
        named(known(name) ? select.guarded(name) : constant('NULL::text'), `c${index + 1}`),
      ),
    ]);
  const bad = anyOf(inside.allReasons());
  const outcome = {
    needs: bad.needs,
    write: (...reasons: string[]) => `CASE WHEN ${bad.write(...reasons)} THEN 'rejected' ELSE 'ok' END`,
  };
  // the user's own SQL may rely on `where` to keep it from raising, so it is not tried on rows out of scope
  const own = new Set(columns.filter((column) => column.sql !== undefined).map((column) => column.target));
  return [
    part(inside, 'in', outcome, () => true),
    'UNION ALL',
    part(outside, 'out', constant(`'out_of_scope'`), (name) => !own.has(name)),
  ].join('\n');
}

function keysOfTargets(select: SourceSelect): string {
  const { mapping } = select;
  const columns = mapping.targetKey.map((key) => mapping.columns.find((column) => column.target === key.name));
  const direct = columns.every(
    (column) =>
      column !== undefined &&
      computesId(column) === null &&
      isDirect(column) &&
      column.cast.sourceType === column.type.name,
  );
  const match =
    direct && !isMultiset(mapping)
      ? keyMatch(
          mapping.targetKey,
          columns.map((column) => sourceColumn(mapping.from, column?.from[0] as string)),
        )
      : null;
  const order = select.order().map((one, index) => plain(one, `k${index + 1}`));
  const inner = select.write(
    'in',
    [plain(select.key(), 'key'), named(select.targetKey(), 'tk'), ...order],
    select.loadable(),
    match === null ? {} : { extra: [match] },
  );
  return [
    'SELECT "key", "tk" AS "target_key"',
    `FROM (${inner}) AS "p"`,
    'WHERE "tk" = ANY($1::text[])',
    `ORDER BY ${order.map((_, index) => `"k${index + 1}"`).join(', ')}`,
  ].join('\n');
}

function outOfScopeRefs(select: SourceSelect): string {
  return `${select.write('out', [plain(select.key(), 'key'), named(select.refs(), 'refs')])}\n{{limit}}`;
}

function originals(mapping: MappingFacts): string {
  const references = mapping.key.map((column) => sourceColumn(mapping.from, column.name));
  const key = keyTextSql(references.map((reference) => `${reference}::text`));
  const match = keyMatch(mapping.key, references);
  return [
    `SELECT ${key} AS "key"{{columns}}`,
    `FROM ${sourceRows(mapping)}`,
    `WHERE ${key} = ANY($1::text[])${match === null ? '' : ` AND ${match}`}`,
  ].join('\n');
}

function preview(select: SourceSelect): string {
  const columns = rawColumns(select, false).map((column) => plain(select.levels.name(column)));
  const texts = select.mapping.columns.map((column) => select.guarded(column.target));
  const all = [plain(select.key(), 'key'), ...columns, ...texts, named(reasonArray(select.allReasons()), 'reasons')];
  return `${select.write('in', all, [], { ordered: true })}\n{{limit}}`;
}

function named(deferred: Deferred, name: string): Deferred {
  return { needs: deferred.needs, write: (...expressions) => `${deferred.write(...expressions)} AS "${name}"` };
}

function constant(expression: string): Deferred {
  return { needs: [], write: () => expression };
}
