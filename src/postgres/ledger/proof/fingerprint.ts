import type { Fingerprint } from '../../../rollback/compare-fingerprints';
import type { Session } from '../../session';

export async function readFingerprint(session: Session, run: string, moment: string): Promise<Fingerprint | null> {
  const { rows } = await session.query<{ digest: string; document: string }>(
    'select digest, document::text as document from rowproof.fingerprint where run = $1 and moment = $2',
    [run, moment],
  );
  if (rows[0] === undefined) return null;
  return { digest: rows[0].digest, objects: JSON.parse(rows[0].document) as Record<string, string> };
}

/** Stores a fingerprint; without `replace` the first one of a moment stays. */
export async function storeFingerprint(
  session: Session,
  run: string,
  moment: string,
  fingerprint: Fingerprint,
  replace: boolean,
): Promise<void> {
  const conflict = replace
    ? 'do update set digest = excluded.digest, document = excluded.document, taken_at = clock_timestamp()'
    : 'do nothing';
  await session.query(
    `insert into rowproof.fingerprint (run, moment, digest, document) values ($1, $2, $3, $4::jsonb) on conflict (run, moment) ${conflict}`,
    [run, moment, fingerprint.digest, JSON.stringify(fingerprint.objects)],
  );
}
