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
  const causes = new Map<string, NamedCause & { rows: number }>();
  function causeOf({ sourceKey: _key, refs: _refs, ...facts }: QuarantinedRow): string {
    const said = JSON.stringify(facts);
    const cause = causes.get(said) ?? { name: causeName(owner, facts), facts, rows: 0 };
    causes.set(said, cause);
    cause.rows += 1;
    return cause.name;
  }
  async function* rows(): AsyncGenerator<(string | null)[][]> {
    for await (const chunk of chunks) yield chunk.map((row) => [id, row.sourceKey, causeOf(row), row.refs]);
  }
  const written = await copyIn(session, 'rowproof.quarantined (mapping, source_key, cause, refs)', rows());
  const noted = [...causes.values()];
  await noteCauses(session, owner, batch.ordinal === null ? noted.map(({ name, facts }) => ({ name, facts })) : noted);
  return written;
}

export interface BadRows {
  readonly finding: string;
  readonly reason: string;
  readonly column: string | null;
  readonly constraint: string | null;
  readonly rows: number;
}

/** Rows in quarantine (or put out of scope) by finding, those that only follow a parent aside. Reads each of them. */
export function countOwnBadRows(session: Session, run: string, mapping: string): Promise<BadRows[]> {
  return badRows(
    session,
    `count(*) as n from rowproof.quarantine
     where run = $1 and mapping = $2 and reason not in ('parent_quarantined', 'parent_out_of_scope') group by finding`,
    [run, mapping],
  );
}

/** The same of the rows that batches put there, by what each batch noted: as many rows are read as there are causes. */
export function countBadRowsOfBatches(session: Session, run: string, mapping: string): Promise<BadRows[]> {
  return badRows(
    session,
    `sum(c.rows) as n from rowproof.mapping m join rowproof.quarantine_cause c on c.mapping = m.id
     where m.run = $1 and m.name = $2 and c.batch is not null group by finding`,
    [run, mapping],
  );
}

async function badRows(session: Session, counted: string, values: readonly string[]): Promise<BadRows[]> {
  const { rows } = await session.query<
    Record<'finding' | 'reason' | 'n', string> & Record<'column' | 'constraint', string | null>
  >(
    `select finding, min(reason) as reason, min(column_name) as column, min(constraint_name) as constraint, ${counted} order by finding`,
    values,
  );
  return rows.map(({ finding, reason, column, constraint, ...row }) => ({
    finding,
    reason,
    column,
    constraint,
    rows: integer(row, 'n'),
  }));
}
