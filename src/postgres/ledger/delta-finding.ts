import type { FindingSummary } from '../../contract/run';
import type { Session } from '../session';

/** Stores findings that came up while a source was followed, in the caller's transaction; one that is there stays as it is. */
export async function keepFindings(session: Session, run: string, findings: readonly FindingSummary[]): Promise<void> {
  for (const finding of findings) {
    await session.query(
      `insert into rowproof.finding (run, id, mapping, column_name, kind, severity, rows, sentence, choices, found_in)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text[], 'delta') on conflict (run, id) do nothing`,
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
      ],
    );
  }
}
