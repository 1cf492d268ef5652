import { keyText } from '../../contract/key';
import { dropUntracedSql, untracedSql } from '../../delta/apply-verdict-sql';
import { fail } from '../../errors/rowproof-error';
import { copyOut } from '../../postgres/copy-stream';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import { applyStatement, readTexts, storeTrace } from '../../postgres/queries/follow/apply';
import { keysThatRaised, readSourceKeys } from '../../postgres/queries/settle/settle';
import { mayRaise } from '../../profile/raising';
import { qualified } from '../../sql/quote';
import type { ActiveTable, ApplyRound } from './apply/round-state';
import { targetKeyOf } from './target-key';
import { sourceStatement } from '../run/source-statement';

interface Pair {
  readonly key: string;
  readonly targetKey: string;
}

/**
 * Rows lifted out of the target that do not get back have to be named by their source keys. Where the round leaves changes behind,
 * such a row may be one that the source has no more: its change only waits to be applied, and then finds nothing to do.
 */
export async function trace(round: ApplyRound, one: ActiveTable): Promise<void> {
  const { session, work } = round;
  const { table, mapping } = one;
  const targetKeys = await readTexts(session, untracedSql(table), []);
  if (targetKeys.length === 0) return;
  const keys = await sourceKeysOf(round, one, targetKeys);
  const found = new Set(keys.map(({ targetKey }) => targetKey)).size;
  if (found !== targetKeys.length && !work.behind.has(mapping.source)) {
    const name = qualified(table.target);
    throw fail('RP5443', `A row of ${name} cannot be traced to its source row`, { where: { object: name } });
  }
  await storeTrace(session, table.scratch.trace, keys);
  if (found !== targetKeys.length) await applyStatement(session, dropUntracedSql(table));
}

async function sourceKeysOf(round: ApplyRound, { mapping }: ActiveTable, targetKeys: string[]): Promise<Pair[]> {
  const { session, work } = round;
  const source = round.source(mapping);
  const raising = mayRaise(mapping);
  const except = raising ? await keysThatRaised(session, work.run.run, mapping.name) : [];
  const statement = sourceStatement(work.run, mapping, mapping.statements.keysOfTargets, { except });
  if (!raising) return readSourceKeys(source, statement, targetKeys);
  const read = await inSavepoint(source, () => readSourceKeys(source, statement, targetKeys));
  return 'value' in read ? read.value : allKeys(round, mapping, new Set(targetKeys));
}

/** Where the source raises for a row whose change waits: from the keys of all rows, which raise nothing. */
async function allKeys(
  round: ApplyRound,
  mapping: ActiveTable['mapping'],
  wanted: ReadonlySet<string>,
): Promise<Pair[]> {
  const found: Pair[] = [];
  const statement = sourceStatement(round.work.run, mapping, mapping.statements.boundaries, { rows: 1 });
  for await (const rows of copyOut(round.source(mapping), statement)) {
    round.work.heartbeat();
    for (const parts of rows) {
      const key = keyText(parts);
      const targetKey = targetKeyOf(mapping)(key);
      if (targetKey !== null && wanted.has(targetKey)) found.push({ key, targetKey });
    }
  }
  return found;
}
