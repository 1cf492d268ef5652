import type { Catalog } from '../../../contract/catalog';
import type { CheckOutcome } from '../../../validate/verdict';
import type { Session } from '../../session';
import { inTransaction } from '../../transaction';
import { brokenFinding, findingOfCheck } from '../../../profile/broken-check';
import { replaceFindings } from '../decision/finding';
import { integer } from '../../row';

export interface CheckResult extends CheckOutcome {
  readonly mapping: string | null;
  /** Object names, codes and counts; never row or key values. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
  /** What is broken, as a sentence: then a person may accept it. Absent where nobody can. */
  readonly asks?: string;
}

/** Name of the row that says a kind of check ran, even when there was nothing to check. */
const ranEntry = '*';

/**
 * Stores the results of one kind of check in place of earlier ones (of one mapping when given), that it ran, and a finding for each
 * that a person may accept.
 */
export async function replaceChecks(
  session: Session,
  run: string,
  kind: string,
  results: readonly Omit<CheckResult, 'kind' | 'finding'>[],
  mapping: string | null = null,
): Promise<void> {
  const mark = mapping === null ? ranEntry : `${mapping} ${ranEntry}`;
  const named = results.map(({ asks, ...result }) => ({
    ...result,
    finding: asks === undefined ? null : findingOfCheck(kind, result.name),
  }));
  const all = [...named, { name: mark, mapping, broken: 0, detail: { checked: results.length } }];
  await inTransaction(session, 'read write', async () => {
    await session.query(
      'delete from rowproof.check_result where run = $1 and kind = $2 and ($3::text is null or mapping = $3)',
      [run, kind, mapping],
    );
    await session.query(
      `insert into rowproof.check_result (run, kind, name, mapping, broken, detail, finding)
       select $1, $2, r.name, r.mapping, r.broken, r.detail, r.finding
       from jsonb_to_recordset($3::jsonb) as r (name text, mapping text, broken bigint, detail jsonb, finding text)`,
      [run, kind, JSON.stringify(all)],
    );
    const known = results.map(({ name }) => findingOfCheck(kind, name));
    const broken = results.flatMap(({ asks, ...result }) =>
      asks === undefined || result.broken === 0 ? [] : [brokenFinding({ kind, ...result, sentence: asks })],
    );
    await replaceFindings(session, run, kind, mapping, broken, known);
  });
}

export async function readChecks(session: Session, run: string): Promise<CheckResult[]> {
  const { rows } = await session.query<Record<string, string | null>>(
    `select kind, name, mapping, broken::text as broken, detail::text as detail, finding
     from rowproof.check_result where run = $1 order by kind, name`,
    [run],
  );
  return rows.map((row) => ({
    kind: row['kind'] as string,
    name: row['name'] as string,
    mapping: row['mapping'] ?? null,
    broken: integer(row, 'broken'),
    detail: JSON.parse(row['detail'] as string) as CheckResult['detail'],
    finding: row['finding'] ?? null,
  }));
}

/** A catalog as the run found it; null when discovery has not stored it. */
export async function readStoredCatalog(session: Session, run: string, side: string): Promise<Catalog | null> {
  const { rows } = await session.query<{ document: string }>(
    'select document::text as document from rowproof.catalog where run = $1 and side = $2',
    [run, side],
  );
  return rows[0] === undefined ? null : (JSON.parse(rows[0].document) as Catalog);
}
