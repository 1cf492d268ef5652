import { textArray } from '../../compile/text-array';
import type { QuarantinedRow } from '../../copy/quarantined-row';
import { copyIn } from '../copy-stream';
import type { Session } from '../session';

const into = `rowproof.quarantine (run, mapping, source_key, class, reason, finding, column_name, transform, sqlstate,
  constraint_name, findings, refs, batch)`;

/** Streams rows into the quarantine of a batch (of a round: `ordinal` null), inside the caller's transaction; resolves to how many. */
export function writeQuarantine(
  session: Session,
  batch: { readonly run: string; readonly mapping: string; readonly ordinal: number | null },
  chunks: AsyncIterable<readonly QuarantinedRow[]> | Iterable<readonly QuarantinedRow[]>,
): Promise<number> {
  async function* rows(): AsyncGenerator<(string | null)[][]> {
    for await (const chunk of chunks) {
      yield chunk.map((row) => [
        batch.run,
        batch.mapping,
        row.sourceKey,
        row.class,
        row.reason,
        row.finding,
        row.column,
        row.transform,
        row.sqlstate,
        row.constraint,
        textArray(row.findings),
        row.refs,
        batch.ordinal === null ? null : String(batch.ordinal),
      ]);
    }
  }
  return copyIn(session, into, rows());
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
  return rows.map(({ n, ...row }) => ({ ...row, rows: Number(n) }));
}
