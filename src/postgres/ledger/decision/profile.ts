import type { Catalog } from '../../../contract/catalog';
import type { Session } from '../../session';
import { integer } from '../../row';

export interface MappingProfile {
  readonly total: number;
  readonly outOfScope: number;
  readonly scopeUnknown: number;
  readonly rejected: number;
  /** Statistics per source column: counts only, no values. */
  readonly columns: readonly Readonly<Record<string, string | number | null>>[];
}

export async function storeProfile(
  session: Session,
  run: string,
  mapping: string,
  profile: MappingProfile,
): Promise<void> {
  await session.query(
    `insert into rowproof.profile (run, mapping, total, out_of_scope, scope_unknown, rejected, columns)
     values ($1, $2, $3, $4, $5, $6, $7::jsonb)
     on conflict (run, mapping) do update set total = excluded.total, out_of_scope = excluded.out_of_scope,
       scope_unknown = excluded.scope_unknown, rejected = excluded.rejected, columns = excluded.columns`,
    [
      run,
      mapping,
      profile.total,
      profile.outOfScope,
      profile.scopeUnknown,
      profile.rejected,
      JSON.stringify(profile.columns),
    ],
  );
}

/** Per mapping, as discovery counted them: all rows, and those with at least one reason of their own. */
export async function profiledCounts(
  session: Session,
  run: string,
): Promise<Map<string, { total: number; rejected: number }>> {
  const { rows } = await session.query<{ mapping: string; total: string; rejected: string }>(
    'select mapping, total, rejected from rowproof.profile where run = $1',
    [run],
  );
  return new Map(
    rows.map((row) => [row.mapping, { total: integer(row, 'total'), rejected: integer(row, 'rejected') }]),
  );
}

/** Mappings of which discovery found every row in scope and without a finding. */
export async function mappingsWithoutFindings(session: Session, run: string): Promise<Set<string>> {
  const { rows } = await session.query<{ mapping: string }>(
    `select mapping from rowproof.profile p where run = $1 and out_of_scope = 0 and rejected = 0 and not exists (
       select from rowproof.finding f where f.run = p.run and f.mapping = p.mapping and f.found_in = 'profile')`,
    [run],
  );
  return new Set(rows.map(({ mapping }) => mapping));
}

/** Keeps the first catalog of each side: later ones show the run's own changes. */
export async function storeCatalog(session: Session, run: string, side: string, catalog: Catalog): Promise<void> {
  await session.query(
    'insert into rowproof.catalog (run, side, document) values ($1, $2, $3::jsonb) on conflict do nothing',
    [run, side, JSON.stringify(catalog)],
  );
}

export async function readStoredCatalog(session: Session, run: string, side: string): Promise<Catalog | null> {
  const { rows } = await session.query<{ document: string }>(
    'select document from rowproof.catalog where run = $1 and side = $2',
    [run, side],
  );
  return rows[0] === undefined ? null : (JSON.parse(rows[0].document) as Catalog);
}
