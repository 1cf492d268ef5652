import { bindStatement } from '../src/compile/bind-statement';
import type { CompiledMapping } from '../src/contract/compiled';
import { fail } from '../src/errors/rowproof-error';
import {
  quarantinedKeys,
  readActualContents,
  readExpectedContents,
  readSourceKeys,
} from '../src/postgres/queries/settle';
import type { Session } from '../src/postgres/session';
import { assignSourceKeys, sharedTargetKeys, type AssignedRow, type TargetRow } from '../src/settle/assign-source-keys';
import { qualified } from '../src/sql/quote';
import type { StepWork } from './prepare-host';

/** The rows, in the order given, with the source rows that they were loaded from. */
export async function withSourceKeys(
  work: StepWork,
  source: Session,
  mapping: CompiledMapping,
  rows: readonly TargetRow[],
): Promise<AssignedRow[]> {
  const targetKeys = [...new Set(rows.map((row) => row.targetKey))];
  const found = await readSourceKeys(
    source,
    bindStatement(mapping.statements.keysOfTargets, { key: mapping.key }),
    targetKeys,
  );
  const gone = await quarantinedKeys(
    work.session,
    work.run.run,
    mapping.name,
    found.map((key) => key.key),
  );
  const keys = found.filter((key) => !gone.has(key.key));
  const shared = sharedTargetKeys(rows, keys);
  let ofRow = new Map<string, string>();
  let ofKey = new Map<string, string>();
  if (shared.size > 0) {
    ofRow = await readActualContents(
      work.session,
      mapping,
      rows.filter((row) => shared.has(row.targetKey)),
    );
    const asked = keys.filter((key) => shared.has(key.targetKey)).map((key) => key.key);
    ofKey = await readExpectedContents(
      source,
      bindStatement(mapping.statements.expected, { key: mapping.key }),
      mapping.columns.length,
      asked,
    );
  }
  const assigned = assignSourceKeys(rows, keys, {
    ofRow: (row) => ofRow.get(`${row.table} ${row.row}`),
    ofKey: (key) => ofKey.get(key.key),
  });
  if (assigned !== null) return assigned;
  const name = qualified(mapping.target);
  throw fail('RP5113', `A row of ${name} that violates a rule cannot be traced to its source row`, {
    where: { object: name },
  });
}
