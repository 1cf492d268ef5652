import type { QuarantinedRow } from '../../../copy/quarantined-row';
import { copyIn } from '../../copy-stream';
import type { Session } from '../../session';
import { causeName, mappingId, noteCauses, type NamedCause } from './quarantine-cause';
import { integer } from '../../row';

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

export interface BadRows {
  readonly finding: string;
  readonly reason: string;
  readonly column: string | null;
  readonly constraint: string | null;
  readonly rows: number;
}

/** Rows in quarantine (or put out of scope) by finding, those that only follow a parent aside. */
export async function countOwnBadRows(session: Session, run: string, mapping: string): Promise<BadRows[]> {
  const { rows } = await session.query<
    Record<'finding' | 'reason' | 'n', string> & Record<'column' | 'constraint', string | null>
  >(
    `select finding, min(reason) as reason, min(column_name) as column, min(constraint_name) as constraint, count(*)::text as n
     from rowproof.quarantine
     where run = $1 and mapping = $2 and reason not in ('parent_quarantined', 'parent_out_of_scope') group by finding order by finding`,
    [run, mapping],
  );
  return rows.map(({ finding, reason, column, constraint, ...row }) => ({
    finding,
    reason,
    column,
    constraint,
    rows: integer(row, 'n'),
  }));
}
