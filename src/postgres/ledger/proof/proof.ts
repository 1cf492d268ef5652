import { keyParts, keyText, type KeyRange } from '../../../contract/key';
import type { BadClass, ProofCounts } from '../../../validate/row';
import { badClasses } from '../../../validate/row';
import type { Session } from '../../session';
import { inTransaction } from '../../transaction';
import { storeAlignment, type SliceAlignment } from './proof-alignment';
import { integer } from '../../row';

export interface SliceName {
  readonly run: string;
  readonly mapping: string;
  readonly slice: number;
}

export interface ProvedSlice extends SliceName {
  readonly slices: number;
  readonly counts: ProofCounts;
  /** Keyed digests, hex, over the encodings of all expected and all actual rows. */
  readonly expectedDigest: string;
  readonly actualDigest: string;
  readonly reexecutedColumns: readonly string[];
}

export interface Difference {
  readonly class: BadClass;
  /** HMAC of the key under the run's secret, hex. */
  readonly keyDigest: string;
  /** '' when the row as a whole is meant. */
  readonly column: string;
  readonly targetKey: readonly string[] | null;
}

async function replaceDifferences(
  session: Session,
  name: SliceName,
  differences: readonly Difference[],
): Promise<void> {
  const { run, mapping, slice } = name;
  await session.query('delete from rowproof.difference where run = $1 and mapping = $2 and slice = $3', [
    run,
    mapping,
    slice,
  ]);
  if (differences.length === 0) return;
  const document = differences.map((difference) => ({
    class: difference.class,
    key: difference.keyDigest,
    column: difference.column,
    target: difference.targetKey === null ? null : keyText(difference.targetKey),
  }));
  await session.query(
    `insert into rowproof.difference (run, mapping, slice, class, key_digest, column_name, target_key)
     select $1, $2, $3, d.class, d.key, d."column", d.target
     from jsonb_to_recordset($4::jsonb) as d (class text, key text, "column" text, target text)
     on conflict do nothing`,
    [run, mapping, slice, JSON.stringify(document)],
  );
}

/** Stores what a slice showed, in place of what an earlier proof of it showed; with where it was aligned when it was. */
export async function storeSlice(
  session: Session,
  proved: ProvedSlice,
  differences: readonly Difference[],
  aligned: SliceAlignment | null = null,
): Promise<void> {
  const { counts } = proved;
  await inTransaction(session, 'read write', async () => {
    await replaceDifferences(session, proved, differences);
    if (aligned !== null) await storeAlignment(session, proved, aligned);
    await session.query(
      `insert into rowproof.proof (run, mapping, slice, slices, expected, actual, identical, decided, mismatch, missing,
         extraneous, duplicate, unverifiable, expected_digest, actual_digest, reexecuted_columns)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
         array(select jsonb_array_elements_text($16::jsonb)))
       on conflict (run, mapping, slice) do update set slices = excluded.slices, expected = excluded.expected,
         actual = excluded.actual, identical = excluded.identical, decided = excluded.decided,
         mismatch = excluded.mismatch, missing = excluded.missing, extraneous = excluded.extraneous,
         duplicate = excluded.duplicate, unverifiable = excluded.unverifiable,
         expected_digest = excluded.expected_digest, actual_digest = excluded.actual_digest,
         reexecuted_columns = excluded.reexecuted_columns, proved_at = clock_timestamp()`,
      [
        proved.run,
        proved.mapping,
        proved.slice,
        proved.slices,
        counts.expected,
        counts.actual,
        counts.identical,
        counts.decided,
        counts.mismatch,
        counts.missing,
        counts.extraneous,
        counts.duplicate,
        counts.unverifiable,
        proved.expectedDigest,
        proved.actualDigest,
        JSON.stringify(proved.reexecutedColumns),
      ],
    );
  });
}

/** The place of differences among keys that changed after their table was proved. */
export const touchedSlice = -(2 ** 31);

/**
 * Stores the differences of a check that is no slice of its own (a batch recomputed by SQL, keys that changed): `slice` is
 * negative.
 */
export async function storeDifferences(
  session: Session,
  name: SliceName,
  differences: readonly Difference[],
): Promise<void> {
  await inTransaction(session, 'read write', () => replaceDifferences(session, name, differences));
}

/** Forgets slices from `from` on, and every slice of another division: what is proved next counts alone. */
export async function forgetSlices(
  session: Session,
  run: string,
  mapping: string,
  slices: number,
  from: number,
): Promise<void> {
  await inTransaction(session, 'read write', async () => {
    await session.query(
      'delete from rowproof.proof where run = $1 and mapping = $2 and (slices <> $3 or slice >= $4)',
      [run, mapping, slices, from],
    );
    await session.query(
      'delete from rowproof.proof_alignment where run = $1 and mapping = $2 and (slices <> $3 or slice >= $4)',
      [run, mapping, slices, from],
    );
    await session.query(
      `delete from rowproof.difference d where run = $1 and mapping = $2
         and not exists (select 1 from rowproof.proof p where p.run = d.run and p.mapping = d.mapping and p.slice = d.slice)`,
      [run, mapping],
    );
  });
}

export interface ProofTotals extends ProofCounts {
  readonly mapping: string;
  readonly slices: number;
  readonly proved: number;
  readonly reexecutedColumns: readonly string[];
}

const summed = ['expected', 'actual', 'identical', 'decided', ...badClasses] as const;

/** Sums over the proved slices, one entry a mapping that has any. */
export async function proofTotals(session: Session, run: string): Promise<ProofTotals[]> {
  const { rows } = await session.query<Record<string, string>>(
    `select mapping, max(slices)::text as slices, count(*)::text as proved,
       ${summed.map((name) => `sum(${name})::text as ${name}`).join(', ')},
       (select coalesce(jsonb_agg(distinct c), '[]') from rowproof.proof q, unnest(q.reexecuted_columns) as c
        where q.run = $1 and q.mapping = p.mapping)::text as reexecuted
     from rowproof.proof p where run = $1 group by mapping order by mapping`,
    [run],
  );
  return rows.map((row) => ({
    mapping: row['mapping'] as string,
    slices: integer(row, 'slices'),
    proved: integer(row, 'proved'),
    ...(Object.fromEntries(summed.map((name) => [name, integer(row, name)])) as unknown as ProofCounts),
    reexecutedColumns: JSON.parse(row['reexecuted'] as string) as string[],
  }));
}

/** A batch that the careful path wrote, with its range of source keys. */
export interface CarefulBatch {
  readonly ordinal: number;
  readonly range: KeyRange;
}

export async function carefulBatches(session: Session, run: string, mapping: string): Promise<CarefulBatch[]> {
  const { rows } = await session.query<{ ordinal: string; lower_key: string | null; upper_key: string | null }>(
    `select ordinal::text as ordinal, lower_key, upper_key from rowproof.batch
     where run = $1 and mapping = $2 and path = 'careful' and state = 'done' order by batch.ordinal`,
    [run, mapping],
  );
  const key = (text: string | null): string[] | null => (text === null ? null : (keyParts(text) as string[]));
  return rows.map((row) => ({
    ordinal: integer(row, 'ordinal'),
    range: { lower: key(row.lower_key), upper: key(row.upper_key) },
  }));
}

/** Source rows of a mapping by its receipts: decides how many slices the proof takes. */
export async function receiptRows(session: Session, run: string, mapping: string): Promise<number> {
  const { rows } = await session.query<{ n: string }>(
    `select coalesce(sum(migrated + quarantined + out_of_scope), 0)::text as n from rowproof.batch where run = $1 and mapping = $2`,
    [run, mapping],
  );
  return integer(rows[0], 'n');
}

/** The same with what rounds changed since. */
export async function mappingRows(session: Session, run: string, mapping: string): Promise<number> {
  const { rows } = await session.query<{ n: string }>(
    `select coalesce(sum(migrated + quarantined + out_of_scope), 0)::text as n from rowproof.delta_reconciliation
     where run = $1 and mapping = $2`,
    [run, mapping],
  );
  return (await receiptRows(session, run, mapping)) + integer(rows[0], 'n');
}

/** Columns in which rows differ from what the plan says; '' where a row as a whole does. */
export async function differingColumns(session: Session, run: string): Promise<{ mapping: string; column: string }[]> {
  const { rows } = await session.query<{ mapping: string; column: string }>(
    `select distinct mapping, column_name as column from rowproof.difference where run = $1 order by 1, 2`,
    [run],
  );
  return rows;
}
