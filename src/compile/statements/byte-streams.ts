import type { CompiledColumn, CompiledMapping, KeyColumn, KeyOrder } from '../../contract/compiled';
import { identifier, qualified } from '../../sql/quote';
import type { TransformContext } from '../../transform/transform';
import { holdsCharacters } from '../../transform/untranslatable';
import { proofOrder } from '../key/key-order';
import { keyTextOfColumns, keyTextSql } from '../key/key-text';
import { isMultiset } from '../key/row-identity';
import { isDirect, sourceColumn } from './column-to-sql';
import { largeKind, textOrDigest } from './large-values';
import { rawText } from './raw-text';
import { SourceSelect } from './source-select';
import { baseTypeName, isBinaryStable, isTextualName } from './type-facts';

/**
 * Two statements for binary COPY whose rows have the same leading bytes where a row was migrated right. Leading fields: the target key,
 * then every column whose equal bytes mean equal values. Then, as text: on the target every other column, on the source what those
 * are computed from, and last the source key text. Both in the order of the target key, restricted by {{slice}}.
 */
export interface ByteStreams {
  readonly source: string;
  readonly target: string;
  readonly keys: readonly KeyOrder[];
  readonly leading: number;
  /** How many of them, from the first on, the target takes no NULL in. */
  readonly required: number;
  /** The mapping with only the columns that are recomputed, and only what they read. */
  readonly recomputed: CompiledMapping;
}

/** Their binary form is another one, or says other than their text. */
const notByBytes = new Set(['xml', 'money', 'oid']);

/** True when equal bytes on both sides, for every pair of versions, mean that the column holds the value that the plan says. */
function passesAsBytes(mapping: CompiledMapping, column: CompiledColumn): boolean {
  const { type, cast, trial } = column;
  if (!isDirect(column) || trial !== undefined) return false;
  const source = column.inputTypes[0] ?? '';
  const base = baseTypeName(type);
  const alike = source === base || (isTextualName(source) && isTextualName(base));
  if (!alike || (cast.kind !== 'same' && !(cast.kind === 'text' && isTextualName(source)))) return false;
  if (!isBinaryStable(type) || notByBytes.has(base)) return false;
  // a value that could have a reason to stay behind is looked at by the second implementation; NULL is told apart by its bytes
  const ofValue = mapping.reasons.filter(({ kind, sqlstate }) => kind !== 'not_null' && sqlstate === undefined);
  if (ofValue.some((reason) => reason.column === column.target)) return false;
  if (mapping.targetEncoding !== undefined && holdsCharacters(base)) return false;
  return !mapping.rawColumns.some((raw) => !raw.sql && raw.name === column.from[0] && raw.marked === true);
}

/** Null where the rows of both sides do not meet in the bytes of their key. */
export function byteStreams(mapping: CompiledMapping, context: TransformContext): ByteStreams | null {
  if (isMultiset(mapping)) return null;
  const passing = mapping.columns.filter((column) => passesAsBytes(mapping, column));
  const keyColumns = mapping.targetKey.map((key) => passing.find((column) => column.target === key.name));
  if (keyColumns.some((column) => column === undefined)) return null;
  const rest = passing.filter((column) => !keyColumns.includes(column));
  const required = rest.filter((column) => column.notNull);
  const unchanged = [...required, ...rest.filter((column) => !column.notNull)];
  const others = mapping.columns.filter((column) => !passing.includes(column));
  const inputs = mapping.rawColumns.filter((raw) =>
    others.some((column) => (raw.sql ? column.sql === raw.name : column.from.includes(raw.name))),
  );
  const onSource = (column: CompiledColumn): string => sourceColumn(mapping.from, column.from[0] as string);
  const onTarget = (column: CompiledColumn): string =>
    `${identifier(mapping.target.name)}.${identifier(column.target)}`;
  const fields = (reference: (column: CompiledColumn) => string): string[] => [
    ...mapping.targetKey.map((key, at) => keyField(key, reference(keyColumns[at] as CompiledColumn))),
    ...unchanged.map((column) => valueField(mapping, column, reference(column))),
  ];
  const select = new SourceSelect(mapping, context);
  const key = mapping.key.map(({ name, type }) => ({ type, value: sourceColumn(mapping.from, name) }));
  const leading = mapping.targetKey.length + unchanged.length;
  return {
    source: statement(
      mapping,
      keyColumns.map((column) => onSource(column as CompiledColumn)),
      [...fields(onSource), ...inputs.map((raw) => rawText(mapping, raw, true)), keyTextOfColumns(key)],
      select.from('in'),
    ),
    target: statement(
      mapping,
      keyColumns.map((column) => onTarget(column as CompiledColumn)),
      [
        ...fields(onTarget),
        ...others.map((column) =>
          textOrDigest(largeKind(mapping, column), onTarget(column), `${onTarget(column)}::text`),
        ),
      ],
      `FROM ${qualified(mapping.target)}`,
    ),
    keys: mapping.targetKey.map(({ order }) => order),
    leading,
    required: mapping.targetKey.length + required.length,
    recomputed: { ...mapping, columns: others, rawColumns: inputs, targetKey: [] },
  };
}

/** Other keys than integers and uuids are ordered by their text, so they come as text. */
function keyField(key: KeyColumn, reference: string): string {
  return key.order === 'bytes' ? `${reference}::text` : reference;
}

function valueField(mapping: CompiledMapping, column: CompiledColumn, reference: string): string {
  const kind = largeKind(mapping, column);
  return kind === null ? reference : textOrDigest(kind, reference, `${reference}::text`);
}

function statement(mapping: CompiledMapping, keys: readonly string[], fields: readonly string[], from: string): string {
  const order = proofOrder(
    mapping.targetKey,
    mapping.targetKey.map((_, at) => `"o${at + 1}"`),
  );
  const inner = [
    ...keys.map((reference, at) => `${reference} AS "o${at + 1}"`),
    `${keyTextSql(keys.map((reference) => `${reference}::text`))} AS "tk"`,
    ...fields.map((field, at) => `${field} AS "f${at + 1}"`),
  ];
  return [
    `SELECT ${fields.map((_, at) => `"f${at + 1}"`).join(', ')}`,
    `FROM (SELECT ${inner.join(', ')}`,
    `${from}) AS "p"`,
    'WHERE {{slice}}',
    `ORDER BY ${order.join(', ')}`,
  ].join('\n');
}
