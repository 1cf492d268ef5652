import type { MappingStatements } from '../../contract/compiled';
import { identifier, qualified } from '../../sql/quote';
import { keyMatch } from '../key/key-match';
import { proofOrder } from '../key/key-order';
import { keyTextSql } from '../key/key-text';
import { contentKeySql, isMultiset } from '../key/row-identity';
import { largeKind, textOrDigest } from './large-values';
import type { MappingFacts } from './source-select';

/** The statements that read back what is in the target table. */
export function targetStatements(mapping: MappingFacts): Pick<MappingStatements, 'actualInProofOrder' | 'actualByKey'> {
  return { actualInProofOrder: actualInProofOrder(mapping), actualByKey: actualByKey(mapping) };
}

function own(mapping: MappingFacts, column: string): string {
  return `${identifier(mapping.target.name)}.${identifier(column)}`;
}

function keyParts(mapping: MappingFacts): string[] {
  return mapping.targetKey.map((column) => `${own(mapping, column.name)}::text`);
}

function loaded(mapping: MappingFacts): string[] {
  return mapping.columns.map((column, index) => {
    const value = own(mapping, column.target);
    return `${textOrDigest(largeKind(mapping, column), value, `${value}::text`)} AS "c${index + 1}"`;
  });
}

/** What the rows of a table without a key are known by. */
function contentKey(mapping: MappingFacts): string {
  return contentKeySql(mapping.columns.map((column) => `${own(mapping, column.target)}::text`));
}

function actualInContentOrder(mapping: MappingFacts): string {
  return [
    `SELECT ${['"tk"', ...mapping.columns.map((_, index) => `"c${index + 1}"`)].join(', ')}`,
    `FROM (SELECT ${[`${contentKey(mapping)} AS "tk"`, ...loaded(mapping)].join(', ')}`,
    `FROM ${qualified(mapping.target)}) AS "p"`,
    'WHERE {{slice}}',
    'ORDER BY "tk" COLLATE "C"',
  ].join('\n');
}

function actualInProofOrder(mapping: MappingFacts): string {
  if (isMultiset(mapping)) return actualInContentOrder(mapping);
  const key = mapping.targetKey.map((_, index) => `"t${index + 1}"`);
  const order = proofOrder(
    mapping.targetKey,
    mapping.targetKey.map((_, index) => `"o${index + 1}"`),
  );
  const inner = [
    ...keyParts(mapping).map((part, index) => `${part} AS "t${index + 1}"`),
    ...mapping.targetKey.map((column, index) => `${own(mapping, column.name)} AS "o${index + 1}"`),
    `${keyTextSql(keyParts(mapping))} AS "tk"`,
    ...loaded(mapping),
  ];
  return [
    `SELECT ${[...key, ...mapping.columns.map((_, index) => `"c${index + 1}"`)].join(', ')}`,
    `FROM (SELECT ${inner.join(', ')}`,
    `FROM ${qualified(mapping.target)}) AS "p"`,
    'WHERE {{slice}}',
    `ORDER BY ${order.join(', ')}`,
  ].join('\n');
}

function actualByKey(mapping: MappingFacts): string {
  const key = isMultiset(mapping) ? contentKey(mapping) : keyTextSql(keyParts(mapping));
  const references = mapping.targetKey.map((column) => own(mapping, column.name));
  const match = isMultiset(mapping) ? null : keyMatch(mapping.targetKey, references);
  return [
    `SELECT ${[`${key} AS "target_key"`, ...loaded(mapping)].join(', ')}`,
    `FROM ${qualified(mapping.target)}`,
    `WHERE ${key} = ANY($1::text[])${match === null ? '' : ` AND ${match}`}`,
  ].join('\n');
}
