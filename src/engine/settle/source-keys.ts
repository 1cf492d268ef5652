import { isMultiset } from '../../compile/key/row-identity';
import type { CompiledMapping } from '../../contract/compiled';
import { keyParts, keyText } from '../../contract/key';
import { fail } from '../../errors/rowproof-error';
import {
  keysThatRaised,
  quarantinedKeys,
  readActualContents,
  readExpectedContents,
  readSourceKeys,
} from '../../postgres/queries/settle/settle';
import { canonicalTexts } from '../../postgres/queries/proof/rows';
import type { Session } from '../../postgres/session';
import { mayRaise } from '../../profile/raising';
import { assignSourceKeys, sharedTargetKeys, type AssignedRow, type TargetRow } from '../../settle/assign-source-keys';
import { qualified } from '../../sql/quote';
import type { TargetWork } from '../target-work';
import { formattedAs } from '../copy/refused-value';
import { sourceStatement } from '../run/source-statement';

/** The rows, in the order given, with the source rows that they were loaded from. */
export async function withSourceKeys(
  work: TargetWork,
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
    ofKey = await formattedContents(
      work.session,
      mapping,
      await readExpectedContents(source, onSource(mapping.statements.expected), mapping.columns.length, asked),
    );
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

/** Contents as the target spells them, where the source leaves that to it. All of these rows were loaded. */
async function formattedContents(
  target: Session,
  mapping: CompiledMapping,
  contents: Map<string, string>,
): Promise<Map<string, string>> {
  const places = mapping.columns.flatMap(({ trial }, place) => (trial === undefined ? [] : [place]));
  if (places.length === 0 || contents.size === 0) return contents;
  const rows = [...contents].map(([key, content]) => ({ key, texts: keyParts(content) }));
  const formatted = await canonicalTexts(
    target,
    places.map((place) => ({ ...formattedAs(mapping, place), texts: rows.map(({ texts }) => texts[place] ?? null) })),
  );
  return new Map(
    rows.map(({ key, texts }, index) => {
      for (const [at, place] of places.entries()) texts[place] = formatted[index]?.[at] ?? null;
      return [key, keyText(texts)];
    }),
  );
}
