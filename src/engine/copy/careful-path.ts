import { createHash } from 'node:crypto';
import { createRecompute, type Recompute } from '../../compile/statements/recompute-row';
import type { CompiledMapping } from '../../contract/compiled';
import { classifyFailure, ownSqlColumn, type RowFailure } from '../../copy/classify-failure';
import { slices } from '../../copy/isolate-bad-items';
import { rejectedRow, type ClassOf, type QuarantinedRow } from '../../copy/quarantined-row';
import { refsText } from '../../copy/refs-text';
import { fail } from '../../errors/rowproof-error';
import { copyIn } from '../../postgres/copy-stream';
import type { Receipt } from '../../postgres/ledger/batch';
import { writeQuarantine } from '../../postgres/ledger/quarantine/quarantine';
import {
  canonicalCarefulValue,
  carefulRowsInto,
  createCarefulTables,
  dropCarefulTables,
  type CarefulTables,
} from '../../postgres/queries/copy/careful';
import { namesOfChecksAside } from '../../copy/checks-aside';
import { brokenRows } from '../../postgres/queries/copy/rules';
import { countScope } from '../../postgres/queries/proof/rows';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import { checkConstraintsAtOnce, currentSnapshot } from '../../postgres/queries/copy/transaction';
import type { Session } from '../../postgres/session';
import type { CopyAttempt } from './attempt';
import { rangedStatement } from './attempt';
import { insertCarefully } from './careful-insert';
import { keysOfRange, readCarefully } from './careful-read';
import { label } from './batch-lease';
import { provenanceOfStaged } from './provenance';
import { commitReceipt } from './receipt';

/**
 * The same range, row by row where it must be: raw text from the source, every transform in TypeScript, a temporary table, and
 * inserts halved until exactly the bad rows stand alone. Same snapshot rule, same fence, same receipt as the fast path.
 */
export async function copyCarefully(attempt: CopyAttempt, source: Session, target: Session): Promise<Receipt> {
  return commitReceipt(source, target, attempt, () => copyRowByRow(attempt, source, target));
}

/** How rows are set aside beyond those that data errors tell apart. */
export interface SettingAside {
  /** Other errors that may be of single rows too. */
  readonly ofRows: (error: unknown) => boolean;
  /** As which row of the quarantine each of them is filed. */
  readonly file: (row: QuarantinedRow) => QuarantinedRow;
  /** Looks at the stored rows before the first is inserted; raises where it is not for rows to be set aside. */
  readonly before: (target: Session, tables: CarefulTables, rows: number) => Promise<void>;
}

/** The work of one careful transaction; the caller holds snapshot and fence. */
export async function copyRowByRow(
  attempt: CopyAttempt,
  source: Session,
  target: Session,
  aside: SettingAside | null = null,
): Promise<Receipt> {
  const { mapping, name, progress } = attempt;
  const snapshot = await currentSnapshot(source);
  await checkConstraintsAtOnce(target);
  const tables = await createCarefulTables(target, mapping.columns.length);
  const keys = await keysOfRange(attempt, source);
  const staged = new StagedRows(attempt);
  const stored = await copyIn(
    target,
    carefulRowsInto(tables, mapping.columns.length),
    staged.load(source, keys, aside?.ofRows),
  );
  if (stored !== staged.keys.length)
    throw doesNotAddUp(attempt, `staged ${staged.keys.length} rows, but stored ${stored}`);
  await aside?.before(target, tables, staged.keys.length);
  const inserted = await insertCarefully(
    target,
    tables,
    mapping,
    namesOfChecksAside(attempt.run.compiled, mapping),
    staged.keys.length,
    progress,
    aside?.ofRows,
  );
  const broken = await brokenRows(target, tables, mapping);
  for (const { position, check, refs } of broken)
    staged.bad.push(failedRow(attempt, staged.keys[position] as string, breach(mapping.checks[check]), refs));
  for (const { position, failure } of inserted.refused) {
    const refs = await refsOfStaged(attempt, target, tables, position);
    staged.bad.push(failedRow(attempt, staged.keys[position] as string, failure, refs));
  }
  await provenanceOfStaged(
    attempt,
    target,
    tables,
    staged,
    new Set([...inserted.refused, ...broken].map(({ position }) => position)),
  );
  await dropCarefulTables(target, tables);
  const bad = aside === null ? staged.bad : staged.bad.map((row) => aside.file(row));
  const written = await writeQuarantine(
    target,
    name,
    slices(bad.length, 1_000).map(({ from, to }) => bad.slice(from, to)),
  );
  const inScope = inserted.migrated + staged.bad.length;
  const outside = keys.length - inScope;
  if (written !== staged.bad.length || outside < 0) {
    throw doesNotAddUp(attempt, `found ${keys.length} keys for ${inScope} rows in scope and kept ${written} bad rows`);
  }
  await confirmCounts(attempt, source, { total: keys.length, outOfScope: outside });
  const waived = bad.filter((row) => row.class === 'out_of_scope').length;
  return {
    path: 'careful',
    sourceRows: keys.length,
    migrated: inserted.migrated,
    quarantined: staged.bad.length - waived,
    outOfScope: outside + waived,
    bytes: staged.bytes,
    digest: staged.digest(),
    snapshot,
    xids: inserted.xids,
  };
}

/** Rows on their way from the source into the temporary table, by position; what cannot go there is collected. */
class StagedRows {
  readonly keys: string[] = [];
  /** Target key of each, '' where only the server can spell it. */
  readonly targetKeys: string[] = [];
  readonly bad: QuarantinedRow[] = [];
  bytes = 0;
  private readonly hash = createHash('sha256');
  private readonly recompute: ReturnType<typeof createRecompute>;

  constructor(private readonly attempt: CopyAttempt) {
    const { mapping } = attempt;
    this.recompute = createRecompute(mapping, {
      encoding: mapping.encoding,
      sha256: (bytes) => createHash('sha256').update(bytes).digest(),
    });
  }

  digest(): string {
    return this.hash.digest('hex');
  }

  async *load(
    source: Session,
    keys: readonly (readonly string[])[],
    alsoOfRows?: (error: unknown) => boolean,
  ): AsyncGenerator<(string | null)[][]> {
    for await (const { rows, unreadable } of readCarefully(this.attempt, source, keys, alsoOfRows)) {
      for (const { key, failure } of unreadable) this.bad.push(failedRow(this.attempt, key, failure, null));
      const good: (string | null)[][] = [];
      for (const raw of rows) {
        const values = this.take(raw);
        if (values !== null) good.push([String(this.keys.length - 1), ...values]);
      }
      yield good;
    }
  }

  /** The values of a loadable row as text; null when the row has reasons. */
  private take(raw: readonly (string | null)[]): (string | null)[] | null {
    const { mapping, classOf, progress } = this.attempt;
    const evaluated = evaluateRow(mapping, this.recompute, raw, classOf);
    if ('bad' in evaluated) {
      this.bad.push(evaluated.bad);
      return null;
    }
    this.keys.push(raw[0] as string);
    this.targetKeys.push(evaluated.targetKey);
    const encoded = `${JSON.stringify(evaluated.texts)}\n`;
    this.hash.update(encoded);
    this.bytes += encoded.length;
    progress.bytes = this.bytes;
    return evaluated.texts;
  }
}

/** One raw row (source key text, then the raw columns): what is to be loaded, or why it is not. */
export function evaluateRow(
  mapping: CompiledMapping,
  recompute: Recompute,
  raw: readonly (string | null)[],
  classOf: ClassOf,
): { readonly texts: (string | null)[]; readonly targetKey: string } | { readonly bad: QuarantinedRow } {
  const row = recompute(raw.slice(1));
  const texts = row.values.map((value) => ('value' in value ? value.value : 'server' in value ? value.server : null));
  if (row.reasons.length === 0) return { texts, targetKey: row.key };
  const at = (column: string): number => mapping.columns.findIndex((one) => one.target === column);
  const refs = refsText(mapping.referencedColumns, (column) => texts[at(column)] ?? null);
  return { bad: rejectedRow(mapping, { key: raw[0] as string, reasons: row.reasons, refs }, classOf) };
}

/** As the target would have put it. */
export function breach(check: CompiledMapping['checks'][number] | undefined): RowFailure {
  const column = check?.ofDomain === true ? (check.columns[0] ?? null) : null;
  return { sqlstate: '23514', constraint: check?.name ?? null, column, side: 'target' };
}

/** A row that the source could not compute, or the target did not take. */
export function failedRow(
  { mapping, classOf }: Pick<CopyAttempt, 'mapping' | 'classOf'>,
  key: string,
  failure: RowFailure,
  refs: string | null,
): QuarantinedRow {
  const { reason, finding, column } = classifyFailure(mapping, ownSqlColumn(mapping, failure));
  return {
    sourceKey: key,
    class: classOf(finding),
    reason,
    finding,
    column,
    transform: failure.side === 'source' ? 'sql' : 'target',
    sqlstate: failure.sqlstate,
    constraint: failure.constraint,
    findings: [finding],
    refs,
  };
}

/** What children refer to, of a row that the target refused, as the target would have spelled it. */
async function refsOfStaged(
  { mapping }: CopyAttempt,
  target: Session,
  tables: CarefulTables,
  position: number,
): Promise<string | null> {
  const values = new Map<string, string | null>();
  for (const referenced of mapping.referencedColumns) {
    const index = mapping.columns.findIndex((column) => column.target === referenced);
    const column = mapping.columns[index];
    if (column === undefined) continue;
    const value = await inSavepoint(target, () => canonicalCarefulValue(target, tables, column.type, index, position));
    values.set(referenced, 'value' in value ? value.value : null);
  }
  return refsText(mapping.referencedColumns, (column) => values.get(column) ?? null);
}

/** The source's own count of the range, where it can compute it at all, must agree with what was read. */
async function confirmCounts(
  attempt: CopyAttempt,
  source: Session,
  read: { total: number; outOfScope: number },
): Promise<void> {
  const counted = await inSavepoint(source, () =>
    countScope(source, rangedStatement(attempt.mapping, 'scopeCounts', attempt.range)),
  );
  if ('failed' in counted) return;
  const { total, outOfScope } = counted.value;
  if (total !== read.total || outOfScope !== read.outOfScope) {
    throw doesNotAddUp(
      attempt,
      `read ${read.total} rows, ${read.outOfScope} out of scope, but counted ${total} and ${outOfScope}`,
    );
  }
}

function doesNotAddUp({ name }: CopyAttempt, what: string): Error {
  return fail('RP5004', `Batch ${label(name)} ${what}`, { where: { object: label(name) } });
}
