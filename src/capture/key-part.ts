import type { ColumnType } from '../contract/catalog';

/**
 * What `column::text` gives for a value whose output function gave `output`: a slot delivers the latter, keys are made of
 * the former. They differ for the few types that have a cast to text of their own.
 */
export function keyPart(type: Pick<ColumnType, 'name' | 'base'>, output: string): string {
  switch (type.base ?? type.name) {
    case 'boolean':
      return output === 't' ? 'true' : output === 'f' ? 'false' : output;
    case 'character':
    case 'bpchar':
      return output.replace(/ +$/, '');
    case 'inet':
      return output.includes('/') ? output : `${output}/${output.includes(':') ? 128 : 32}`;
    default:
      return output;
  }
}
