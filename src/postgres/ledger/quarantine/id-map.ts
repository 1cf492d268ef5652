import type { QualifiedName } from '../../../contract/catalog';
import { identifier, qualified } from '../../../sql/quote';
import { joiningInBulk } from '../../bulk-join';
import { copyIn } from '../../copy-stream';
import type { Session } from '../../session';

/**
 * Replaces the id map of one mapping by these pairs of source key and target key, as far as the row is in the target now.
 * In the caller's transaction; returns how many remain.
 */
export async function replaceIdMap(
  session: Session,
  map: {
    readonly run: string;
    readonly mapping: string;
    readonly target: QualifiedName;
    readonly targetKey: readonly string[];
  },
  pairs: AsyncIterable<(string | null)[][]>,
): Promise<number> {
  const { run, mapping } = map;
  await session.query('delete from rowproof.id_map where run = $1 and mapping = $2', [run, mapping]);
  async function* rows(): AsyncGenerator<(string | null)[][]> {
    for await (const chunk of pairs)
      yield chunk
        .filter((pair) => pair[1] !== null)
        .map((pair) => [run, mapping, pair[0] as string, pair[1] as string]);
  }
  const written = await copyIn(session, 'rowproof.id_map (run, mapping, source_key, target_key)', rows());
  const { rowCount: settled } = await joiningInBulk(session, () =>
    session.query(
      `delete from rowproof.id_map m using rowproof.quarantine q
       where m.run = $1 and m.mapping = $2 and q.run = $1 and q.mapping = $2 and q.source_key = m.source_key`,
      [run, mapping],
    ),
  );
  const key = map.targetKey.map((name) => `t.${identifier(name)}::text`).join(', ');
  const { rowCount: absent } = await joiningInBulk(session, () =>
    session.query(
      `delete from rowproof.id_map m where m.run = $1 and m.mapping = $2
       and not exists (select from ${qualified(map.target)} t where jsonb_build_array(${key})::text = m.target_key)`,
      [run, mapping],
    ),
  );
  return written - settled - absent;
}
