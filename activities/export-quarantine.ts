import { bindStatement } from '../src/compile/bind-statement';
import type { RunRef } from '../src/contract/run';
import { csvLine } from '../src/report/csv';
import type { Databases } from '../src/postgres/databases';
import type { Session } from '../src/postgres/session';
import { appendEvent } from '../src/postgres/ledger/event';
import { quarantineByReason, quarantinedKeys } from '../src/postgres/ledger/quarantine-summary';
import { readRows } from '../src/postgres/read-rows';

const page = 500;

/**
 * Writes quarantined rows as CSV lines: table, reason, finding, column, SQLSTATE, source key, original row as JSON read
 * again from the source. Records who exported how many rows, because row values leave the databases here.
 */
export async function exportQuarantine(
  databases: Databases,
  ref: RunRef,
  options: { readonly table: string | null; readonly by: string },
  write: (line: string) => void,
): Promise<number> {
  const ledger = await databases.ledger(ref, 'quarantine export');
  try {
    const run = await databases.run(ref, ledger);
    const rows = await countToExport(ledger, ref.run, options.table);
    // before the first row leaves: an export that is cut short is recorded as well
    await appendEvent(ledger, ref.run, 'quarantine exported', { by: options.by, table: options.table, rows });
    write(csvLine(['table', 'reason', 'finding', 'column', 'sqlstate', 'source_key', 'original']));
    let count = 0;
    for (const mapping of run.compiled.mappings.filter(
      ({ name }) => options.table === null || name === options.table,
    )) {
      const source = await databases.source(run.compiled, mapping.source, 'quarantine export');
      try {
        for (let after: string | null = null; ;) {
          const keys = await quarantinedKeys(ledger, ref.run, mapping.name, after, page);
          if (keys.length === 0) break;
          const originals = new Map(
            (
              await readRows(source, bindStatement(mapping.statements.originals), [keys.map((key) => key.sourceKey)])
            ).map(([key, original]) => [key, original ?? null] as const),
          );
          for (const key of keys) {
            const original = originals.get(key.sourceKey) ?? null;
            write(csvLine([mapping.name, key.reason, key.finding, key.column, key.sqlstate, key.sourceKey, original]));
          }
          count += keys.length;
          after = keys.at(-1)?.sourceKey ?? null;
        }
      } finally {
        await source.close();
      }
    }
    return count;
  } finally {
    await ledger.close();
  }
}

async function countToExport(ledger: Session, run: string, table: string | null): Promise<number> {
  return (await quarantineByReason(ledger, run))
    .filter((group) => group.class === 'quarantined' && (table === null || group.mapping === table))
    .reduce((sum, group) => sum + group.rows, 0);
}
