import type { QuarantinedRow } from '../../../copy/quarantined-row';
import { copyIn } from '../../copy-stream';
import type { Session } from '../../session';
import { causeName, mappingId, noteCauses, type NamedCause } from './quarantine-cause';

/** Streams rows into the quarantine of a batch (of a round: `ordinal` null), inside the caller's transaction; resolves to how many. */
export async function writeQuarantine(
  session: Session,
  batch: { readonly run: string; readonly mapping: string; readonly ordinal: number | null },
  chunks: AsyncIterable<readonly QuarantinedRow[]> | Iterable<readonly QuarantinedRow[]>,
): Promise<number> {
  const owner = { run: batch.run, mapping: batch.mapping, batch: batch.ordinal };
  const id = String(await mappingId(session, batch.run, batch.mapping));
  const causes = new Map<string, NamedCause>();
  function causeOf({ sourceKey: _key, refs: _refs, ...facts }: QuarantinedRow): string {
    const said = JSON.stringify(facts);
    const cause = causes.get(said) ?? { name: causeName(owner, facts), facts };
    causes.set(said, cause);
    return cause.name;
  }
  async function* rows(): AsyncGenerator<(string | null)[][]> {
    for await (const chunk of chunks) yield chunk.map((row) => [id, row.sourceKey, causeOf(row), row.refs]);
  }
  const written = await copyIn(session, 'rowproof.quarantined (mapping, source_key, cause, refs)', rows());
  await noteCauses(session, owner, [...causes.values()]);
  return written;
}

/** Rows in quarantine (or put out of scope) by finding, those that only follow a parent aside. */
export async function countOwnBadRows(
  session: Session,
  run: string,
  mapping: string,
): Promise<{ finding: string; rows: number }[]> {
  const { rows } = await session.query<{ finding: string; n: string }>(
    `select finding, count(*)::text as n from rowproof.quarantine
     where run = $1 and mapping = $2 and reason not in ('parent_quarantined', 'parent_out_of_scope') group by finding order by finding`,
    [run, mapping],
  );
  return rows.map((row) => ({ finding: row.finding, rows: Number(row.n) }));
}
