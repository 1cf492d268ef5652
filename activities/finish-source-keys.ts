import { isMultiset } from '../src/compile/row-identity';
import type { CompiledMapping } from '../src/contract/compiled';
import { fail } from '../src/errors/rowproof-error';
import {
  keysThatRaised,
  quarantinedKeys,
  readActualContents,
  readExpectedContents,
  readSourceKeys,
} from '../src/postgres/queries/settle';
import type { Session } from '../src/postgres/session';
import { mayRaise } from '../src/profile/raising';
import { assignSourceKeys, sharedTargetKeys, type AssignedRow, type TargetRow } from '../src/settle/assign-source-keys';
import { qualified } from '../src/sql/quote';
import type { StepWork } from './prepare-host';
import { sourceStatement } from './validation-host';

/** The rows, in the order given, with the source rows that they were loaded from. */
export async function withSourceKeys(
  work: StepWork,
  source: Session,
  mapping: CompiledMapping,
  rows: readonly TargetRow[],
): Promise<AssignedRow[]> {
  const targetKeys = [...new Set(rows.map((row) => row.targetKey))];
  // rows that the source cannot compute would end the statement; none of them was loaded
  const except = mayRaise(mapping) ? await keysThatRaised(work.session, work.run.run, mapping.name) : [];
  const onSource = (sql: string): string => sourceStatement(work.run, mapping, sql, { except });
  const found = await readSourceKeys(source, onSource(mapping.statements.keysOfTargets), targetKeys);
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
  // rows without a key share one only where their contents are the same
  if (shared.size > 0 && !isMultiset(mapping)) {
    ofRow = await readActualContents(
      work.session,
      mapping,
      rows.filter((row) => shared.has(row.targetKey)),
    );
    const asked = keys.filter((key) => shared.has(key.targetKey)).map((key) => key.key);
    ofKey = await readExpectedContents(source, onSource(mapping.statements.expected), mapping.columns.length, asked);
  }
  const assigned = assignSourceKeys(rows, keys, {
    ofRow: (row) => (isMultiset(mapping) ? '' : ofRow.get(`${row.table} ${row.row}`)),
    ofKey: (key) => (isMultiset(mapping) ? '' : ofKey.get(key.key)),
  });
  if (assigned !== null) return assigned;
  const name = qualified(mapping.target);
  throw fail('RP5113', `A row of ${name} that violates a rule cannot be traced to its source row`, {
    where: { object: name },
  });
}
