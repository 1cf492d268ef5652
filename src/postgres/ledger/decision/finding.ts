import type { FindingSummary } from '../../../contract/run';
import type { Finding } from '../../../profile/finding';
import type { Session } from '../../session';
import { integer } from '../../row';

/**
 * Stores findings of one place of origin for one mapping (null: for none), replacing what an earlier attempt stored, and what others
 * found of the ids in `known`.
 */
export async function replaceFindings(
  session: Session,
  run: string,
  foundIn: string,
  mapping: string | null,
  findings: readonly Finding[],
  known: readonly string[] = [],
): Promise<void> {
  await session.query(
    `delete from rowproof.finding
     where run = $1 and (found_in = $2 and ($3::text is null or mapping = $3) or id = any($4::text[]))`,
    [run, foundIn, mapping, known],
  );
  for (const finding of findings) {
    await insertFinding(
      session,
      run,
      foundIn,
      finding,
      'do update set rows = excluded.rows, sentence = excluded.sentence, found_in = excluded.found_in',
    );
  }
}

/** Stores findings that came up while a source was followed, in the caller's transaction; one that is there stays as it is. */
export async function keepFindings(session: Session, run: string, findings: readonly FindingSummary[]): Promise<void> {
  for (const finding of findings) await insertFinding(session, run, 'delta', finding, 'do nothing');
}

async function insertFinding(
  session: Session,
  run: string,
  foundIn: string,
  finding: Pick<FindingSummary, 'id' | 'mapping' | 'column' | 'kind' | 'severity' | 'rows' | 'sentence'> & {
    readonly choices: readonly string[];
  },
  whenThere: string,
): Promise<void> {
  await session.query(
    `insert into rowproof.finding (run, id, mapping, column_name, kind, severity, rows, sentence, choices, found_in)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text[], $10) on conflict (run, id) ${whenThere}`,
    [
      run,
      finding.id,
      finding.mapping,
      finding.column,
      finding.kind,
      finding.severity,
      finding.rows,
      finding.sentence,
      finding.choices,
      foundIn,
    ],
  );
}

interface FindingRow {
  id: string;
  mapping: string | null;
  column_name: string | null;
  kind: string;
  severity: Finding['severity'];
  rows: string;
  sentence: string;
  choices: string;
}

export async function readFindings(session: Session, run: string): Promise<Finding[]> {
  const { rows } = await session.query<FindingRow>(
    `select id, mapping, column_name, kind, severity, rows, sentence, pg_catalog.to_json(choices)::text as choices
     from rowproof.finding where run = $1 order by mapping nulls first, id`,
    [run],
  );
  return rows.map((row) => ({
    id: row.id,
    mapping: row.mapping,
    column: row.column_name,
    kind: row.kind,
    severity: row.severity,
    rows: integer(row, 'rows'),
    sentence: row.sentence,
    choices: JSON.parse(row.choices) as string[],
  }));
}

/** Whether one of these findings was seen on any row. */
export async function anyFound(session: Session, run: string, ids: readonly string[]): Promise<boolean> {
  const { rows } = await session.query(
    'select 1 from rowproof.finding where run = $1 and id = any($2::text[]) and rows > 0 limit 1',
    [run, ids],
  );
  return rows.length > 0;
}
