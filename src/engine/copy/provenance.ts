import { isFollowed } from '../../delta/is-followed';
import { keyFormattedByServer, needsProvenance } from '../../delta/needs-provenance';
import { slices } from '../../copy/isolate-bad-items';
import { fail } from '../../errors/rowproof-error';
import { copyIn, copyOut } from '../../postgres/copy-stream';
import { carefulKeys, type CarefulTables } from '../../postgres/queries/copy/careful';
import { loadedKeys } from '../../compile/key/loaded-keys';
import type { Session } from '../../postgres/session';
import type { CopyAttempt } from './attempt';
import { rangedStatement } from './attempt';
import { label } from './batch-lease';

const into = 'rowproof.provenance (run, mapping, source_key, target_key)';

function isWanted({ run, mapping }: CopyAttempt): boolean {
  return isFollowed(run.compiled) && needsProvenance(mapping);
}

/** Writes which source row became which target row, for what the batch loaded from its range; in its snapshot and transaction. */
export async function provenanceOfRange(
  attempt: CopyAttempt,
  source: Session,
  target: Session,
  loaded: number,
): Promise<void> {
  if (!isWanted(attempt)) return;
  const { mapping, range, name, signal } = attempt;
  async function* rows(): AsyncGenerator<(string | null)[][]> {
    for await (const chunk of copyOut(source, loadedKeys(rangedStatement(mapping, 'expected', range)), signal)) {
      yield chunk.map(([key, targetKey]) => [name.run, mapping.name, key ?? null, targetKey ?? null]);
    }
  }
  const written = await copyIn(target, into, rows());
  if (written !== loaded) throw doesNotAddUp(attempt, written, loaded);
}

/** The same for rows that the careful path staged, those at the positions `refused` left out. */
export async function provenanceOfStaged(
  attempt: CopyAttempt,
  target: Session,
  tables: CarefulTables,
  staged: { readonly keys: readonly string[]; readonly targetKeys: readonly string[] },
  refused: ReadonlySet<number>,
): Promise<void> {
  if (!isWanted(attempt)) return;
  const { mapping, name } = attempt;
  const positions = staged.keys.map((_, position) => position).filter((position) => !refused.has(position));
  let targetKeys = staged.targetKeys;
  if (keyFormattedByServer(mapping)) {
    const key = mapping.targetKey.map((column) => mapping.columns.findIndex((one) => one.target === column.name));
    targetKeys = await carefulKeys(target, tables, mapping.columns, key, positions, staged.keys.length);
  }
  const written = await copyIn(
    target,
    into,
    slices(positions.length, 1_000).map(({ from, to }) =>
      positions
        .slice(from, to)
        .map((position) => [name.run, mapping.name, staged.keys[position] as string, targetKeys[position] as string]),
    ),
  );
  if (written !== positions.length) throw doesNotAddUp(attempt, written, positions.length);
}

function doesNotAddUp({ name }: CopyAttempt, written: number, loaded: number): Error {
  return fail('RP5004', `Batch ${label(name)} loaded ${loaded} rows, but recorded the source of ${written}`, {
    where: { object: label(name) },
  });
}
