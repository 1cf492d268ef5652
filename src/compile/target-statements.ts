import type { MappingStatements } from '../contract/compiled';
import { identifier, qualified } from '../sql/quote';
import { keyMatch } from './key-match';
import { proofOrder } from './key-order';
import { largeKind, textOrDigest } from './large-values';
import type { MappingFacts } from './source-select';
import { keyTextSql } from './source-select';

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

function actualInProofOrder(mapping: MappingFacts): string {
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
  const key = keyTextSql(keyParts(mapping));
  const match = keyMatch(
    mapping.targetKey,
    mapping.targetKey.map((column) => own(mapping, column.name)),
  );
  return [
    `SELECT ${[`${key} AS "target_key"`, ...loaded(mapping)].join(', ')}`,
    `FROM ${qualified(mapping.target)}`,
    `WHERE ${key} = ANY($1::text[])${match === null ? '' : ` AND ${match}`}`,
  ].join('\n');
}
