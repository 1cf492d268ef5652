import type { CompiledMapping } from '../../contract/compiled';
import { identifier, qualified } from '../../sql/quote';
import { binaryCompatible } from '../../postgres/binary-pairs';
import { describeStatement } from '../../postgres/describe-statement';
import type { Session } from '../../postgres/session';
import { targetColumns } from './attempt';

/**
 * The wire format of a mapping. Binary COPY does not check types (a float8 lands in an int8 as garbage), so binary is used
 * only when what the source really sends and what the target really has match column by column; else text.
 */
export async function wireFormat(
  mapping: CompiledMapping,
  load: string,
  source: Session,
  target: Session,
): Promise<'binary' | 'text'> {
  if (mapping.copyFormat === 'text') return 'text';
  const sent = await describeStatement(source, load);
  const columns = targetColumns(mapping).map(identifier).join(', ');
  const taken = await describeStatement(target, `select ${columns} from ${qualified(mapping.target)}`);
  if (sent.length !== taken.length) return 'text';
  const fits = sent.every((column, index) => {
    const into = taken[index];
    return into !== undefined && binaryCompatible(column.oid, into.oid, mapping.columns[index]?.type.kind ?? 'base');
  });
  return fits ? 'binary' : 'text';
}
