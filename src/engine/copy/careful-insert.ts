import type { CompiledMapping } from '../../contract/compiled';
import type { RowFailure } from '../../copy/classify-failure';
import { isolateBadItems, slices } from '../../copy/isolate-bad-items';
import {
  canonicalCarefulValue,
  insertCarefulRows,
  evaluateCareful,
  type CarefulTables,
} from '../../postgres/queries/copy/careful';
import { noteBroken } from '../../postgres/queries/copy/rules';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import type { Session } from '../../postgres/session';
import { asApplication } from '../../postgres/application-path';
import { isRefusedValue } from '../../postgres/sqlstate';

const rowsPerStatement = 5_000;

export interface CarefulInsert {
  readonly migrated: number;
  readonly xids: readonly string[];
  /** Position of each row that the target refused, and why. */
  readonly refused: readonly { readonly position: number; readonly failure: RowFailure }[];
}

/** Undoes its own savepoint where fewer rows arrived than were sent, although nothing failed. */
class RowsDropped extends Error {}

/**
 * Inserts the stored rows [0, total) that break no CHECK into the target, in order, but for those with a value that its types do not
 * take as it is; each part in a savepoint; parts that fail are halved until the bad rows stand alone (for data errors, and those that
 * `alsoOfRows` takes). A single row that does not arrive without an error was dropped by a trigger.
 */
export async function insertCarefully(
  session: Session,
  tables: CarefulTables,
  mapping: CompiledMapping,
  aside: ReadonlySet<string>,
  total: number,
  progress: { rows: number },
  alsoOfRows: (error: unknown) => boolean = () => false,
): Promise<CarefulInsert> {
  const xids = new Set<string>();
  const refused: { position: number; failure: RowFailure }[] = [];
  let migrated = 0;
  for (const one of await evaluateCareful(session, tables, mapping.columns, total, rowsPerStatement)) {
    const { sqlstate, constraint } = one.refusal;
    const failure = { sqlstate, constraint, column: one.column, side: 'target' as const, altered: sqlstate === null };
    refused.push({ position: one.position, failure });
  }
  // after the types: a value that its type refuses would end the statement that tries the CHECKs
  await noteBroken(session, tables.rows, mapping, aside);
  for (const span of slices(total, rowsPerStatement)) {
    await isolateBadItems<RowFailure>(
      span,
      async (part) => {
        const tried = await inSavepoint(
          session,
          async () => {
            const arrived = await asApplication(session, () =>
              insertCarefulRows(session, tables, mapping.target, mapping.columns, part),
            );
            if (arrived.rows !== arrived.due) throw new RowsDropped();
            return arrived;
          },
          (error) => error instanceof RowsDropped || alsoOfRows(error),
        );
        if ('failed' in tried) {
          const dropped = tried.error instanceof RowsDropped;
          return { ...tried.failed, side: 'target', ...(dropped ? { dropped } : {}) };
        }
        xids.add(tried.value.xmin);
        migrated += tried.value.rows;
        progress.rows = migrated;
        return null;
      },
      async (position, failure) => {
        refused.push({ position, failure: await withColumn(session, tables, mapping, position, failure) });
      },
    );
  }
  return { migrated, xids: [...xids], refused };
}

/** A value that its type refuses comes without a column name: tries the columns of that one row. */
async function withColumn(
  session: Session,
  tables: CarefulTables,
  mapping: CompiledMapping,
  position: number,
  failure: RowFailure,
): Promise<RowFailure> {
  if (failure.column !== null || failure.dropped || failure.sqlstate === null) return failure;
  if (!isRefusedValue(failure.sqlstate)) return failure;
  for (const [index, column] of mapping.columns.entries()) {
    const value = await inSavepoint(session, () =>
      canonicalCarefulValue(session, tables, column.type, index, position),
    );
    if ('failed' in value && value.failed.sqlstate === failure.sqlstate) return { ...failure, column: column.target };
  }
  return failure;
}
