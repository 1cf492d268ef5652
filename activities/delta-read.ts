import { createHash } from 'node:crypto';
import { bindStatement } from '../src/compile/bind-statement';
import { createRecompute, type Recompute } from '../src/compile/recompute-row';
import type { CompiledMapping, MappingStatements } from '../src/contract/compiled';
import { keyText, type KeyRange } from '../src/contract/key';
import type { RowFailure } from '../src/copy/classify-failure';
import { isolateBadItems, slices } from '../src/copy/isolate-bad-items';
import type { ClassOf, QuarantinedRow } from '../src/copy/quarantined-row';
import { inSavepoint } from '../src/postgres/queries/copy-savepoint';
import { readRows } from '../src/postgres/read-rows';
import type { Session } from '../src/postgres/session';
import { restrictKeys } from '../src/validate/restrict-keys';
import { failedRow, judgeRow } from './copy-careful-path';
import { rejectedByStatement } from './copy-fast-path';

type Texts = readonly (string | null)[];

/** Rows of a piece of the source: those that load (source key, target key, texts) and those with reasons. */
interface Piece {
  readonly rows: readonly Texts[];
  readonly rejected: readonly QuarantinedRow[];
}

const mostRows = 5_000;
const pieceBytes = 8 * 1024 * 1024;
const nothing: Piece = { rows: [], rejected: [] };

/**
 * The current rows of some source keys (or of all) in the snapshot of `source`'s transaction. `rows` is to be read to its end
 * before `rejected`; the next piece is read while the caller deals with one.
 */
export class SourceReader {
  private readonly found: QuarantinedRow[] = [];
  private recompute: Recompute | null = null;

  constructor(
    private readonly source: Session,
    private readonly mapping: CompiledMapping,
    private readonly classOf: ClassOf,
    /** null: every row of the relation. */
    private readonly keys: readonly string[] | null,
  ) {}

  async *rows(): AsyncGenerator<readonly Texts[]> {
    const pieces = this.keys === null ? await this.ranges() : this.slices(this.keys);
    let next: Promise<Piece> | null = null;
    const start = (at: number): Promise<Piece> | null => {
      const piece = pieces[at]?.();
      // whoever awaits it hears of its failure; nobody may, when the round fails elsewhere
      piece?.catch(() => undefined);
      return piece ?? null;
    };
    try {
      next = start(0);
      for (let at = 1; next !== null; at += 1) {
        const piece: Piece = await next;
        next = start(at);
        this.found.push(...piece.rejected);
        if (piece.rows.length > 0) yield piece.rows;
      }
    } finally {
      // the session serves others only when nothing of this is under way
      await next?.catch(() => undefined);
    }
  }

  async *rejected(): AsyncGenerator<readonly QuarantinedRow[]> {
    for (const { from, to } of slices(this.found.length, 1_000)) yield this.found.slice(from, to);
  }

  private slices(keys: readonly string[]): (() => Promise<Piece>)[] {
    return slices(keys.length, this.rowsAtATime()).map(
      ({ from, to }) =>
        () =>
          this.byKeys(keys.slice(from, to)),
    );
  }

  private async ranges(): Promise<(() => Promise<Piece>)[]> {
    const { boundaries } = this.mapping.statements;
    const bounds = (await readRows(
      this.source,
      bindStatement(boundaries, { key: this.mapping.key, rows: this.rowsAtATime() }),
    )) as string[][];
    return [null, ...bounds].map((lower, index) => () => this.byRange({ lower, upper: bounds[index] ?? null }));
  }

  private async byRange(range: KeyRange): Promise<Piece> {
    const { mapping, source } = this;
    const bind = (sql: string): string => bindStatement(sql, { range, key: mapping.key });
    const read = await inSavepoint(source, () => this.both(bind, null));
    if ('value' in read) return read.value;
    const keys = await readRows(
      source,
      bindStatement(mapping.statements.boundaries, { range, key: mapping.key, rows: 1 }),
    );
    return this.byKeys(keys.map((parts) => keyText(parts)));
  }

  /** What the source computes for these keys; where it raises, they are halved until the raising ones stand alone. */
  private async byKeys(keys: readonly string[]): Promise<Piece> {
    const rows: Texts[] = [];
    const rejected: QuarantinedRow[] = [];
    const take = (piece: Piece): void => {
      rows.push(...piece.rows);
      rejected.push(...piece.rejected);
    };
    await isolateBadItems<RowFailure>(
      { from: 0, to: keys.length },
      async ({ from, to }) => {
        const part = keys.slice(from, to);
        const read = await inSavepoint(this.source, () => this.both((sql) => this.forKeys(sql, part), part.length));
        if ('failed' in read) return { ...read.failed, side: 'source' };
        take(read.value);
        return null;
      },
      async (position, failure) => take(await this.alone(keys[position] as string, failure)),
    );
    return { rows, rejected };
  }

  /** Without reasons, or where every key came as a loadable row, nothing can be rejected. */
  private async both(bind: (sql: string) => string, keys: number | null): Promise<Piece> {
    const { expected, rejected } = this.mapping.statements;
    const rows = await readRows(this.source, bind(expected));
    if (this.mapping.reasons.length === 0 || rows.length === keys) return { rows, rejected: [] };
    const bad = await readRows(this.source, bind(rejected));
    return { rows, rejected: bad.map((row) => rejectedByStatement(this.mapping, row, this.classOf)) };
  }

  /** A row for which the source raises: read raw and judged here, or quarantined when even that raises. */
  private async alone(key: string, failure: RowFailure): Promise<Piece> {
    const { mapping, source, classOf } = this;
    const raw = await inSavepoint(source, () => readRows(source, this.forKeys(mapping.statements.raw, [key])));
    if ('failed' in raw) {
      return { rows: [], rejected: [failedRow({ mapping, classOf }, key, { ...raw.failed, side: 'source' }, null)] };
    }
    const [row] = raw.value;
    if (row === undefined) return nothing;
    this.recompute ??= createRecompute(mapping, {
      encoding: mapping.encoding,
      sha256: (bytes) => createHash('sha256').update(bytes).digest(),
    });
    const judged = judgeRow(mapping, this.recompute, row, classOf);
    if ('bad' in judged) return { rows: [], rejected: [judged.bad] };
    if (judged.targetKey === '') return { rows: [], rejected: [failedRow({ mapping, classOf }, key, failure, null)] };
    return { rows: [[key, judged.targetKey, ...judged.texts]], rejected: [] };
  }

  private forKeys(sql: MappingStatements['expected'], only: readonly string[]): string {
    return bindStatement(restrictKeys(this.mapping, sql, { only }), { key: this.mapping.key });
  }

  private rowsAtATime(): number {
    const { estimatedRows, estimatedBytes } = this.mapping;
    if (estimatedRows <= 0 || estimatedBytes <= 0) return mostRows;
    return Math.min(mostRows, Math.max(1, Math.floor((pieceBytes * estimatedRows) / estimatedBytes)));
  }
}
