import { createHash } from 'node:crypto';
import { bindStatement } from '../../compile/statements/bind-statement';
import { createRecompute, type Recompute } from '../../compile/statements/recompute-row';
import type { CompiledMapping, MappingStatements } from '../../contract/compiled';
import { keyText, type KeyRange } from '../../contract/key';
import type { RowFailure } from '../../copy/classify-failure';
import { isolateBadItems, slices } from '../../copy/isolate-bad-items';
import type { ClassOf, QuarantinedRow } from '../../copy/quarantined-row';
import type { Tried } from '../../postgres/queries/copy/savepoint';
import { readRows, tryReadRows } from '../../postgres/read-rows';
import { during } from '../../postgres/refusal';
import type { Session } from '../../postgres/session';
import { dotted } from '../../sql/quote';
import { restrictKeys } from '../../validate/restrict-keys';
import { failedRow, evaluateRow } from '../copy/careful-path';
import { rejectedByStatement } from '../copy/fast-path';

type Texts = readonly (string | null)[];

/** Rows of a piece of the source: those that load (source key, target key, texts) and those with reasons. */
export interface Piece {
  readonly rows: readonly Texts[];
  readonly rejected: readonly QuarantinedRow[];
}

const maxRows = 5_000;
const pieceBytes = 8 * 1024 * 1024;
const nothing: Piece = { rows: [], rejected: [] };

/** How to read a piece, and which share of a full one it is about. */
export interface PieceToRead {
  readonly read: () => Promise<Piece>;
  readonly share: number;
}

/** The current rows of some source keys (or of all) in the snapshot of `source`'s transaction, piece by piece. */
export class SourceReader {
  private recompute: Recompute | null = null;

  constructor(
    readonly source: Session,
    private readonly mapping: CompiledMapping,
    private readonly classOf: ClassOf,
    /** null: every row of the relation. */
    private readonly keys: readonly string[] | null,
  ) {}

  /** In the order in which they are to be read, one at a time. */
  async pieces(): Promise<readonly PieceToRead[]> {
    const max = this.rowsAtATime();
    const { keys } = this;
    const reading = <T>(work: () => Promise<T>): Promise<T> =>
      during(`reading changed rows of ${dotted(this.mapping.from)}`, work);
    if (keys === null) {
      const ranges = await reading(() => this.ranges());
      return ranges.map((range) => ({ read: () => reading(() => this.byRange(range)), share: 1 }));
    }
    return slices(keys.length, max).map(({ from, to }) => ({
      read: () => reading(() => this.byKeys(keys.slice(from, to))),
      share: (to - from) / max,
    }));
  }

  private async ranges(): Promise<KeyRange[]> {
    const { boundaries } = this.mapping.statements;
    const bounds = (await readRows(
      this.source,
      bindStatement(boundaries, { key: this.mapping.key, rows: this.rowsAtATime() }),
    )) as string[][];
    return [null, ...bounds].map((lower, index) => ({ lower, upper: bounds[index] ?? null }));
  }

  private async byRange(range: KeyRange): Promise<Piece> {
    const { mapping, source } = this;
    const bind = (sql: string): string => bindStatement(sql, { range, key: mapping.key });
    const read = await this.both(bind, null);
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
        const read = await this.both((sql) => this.forKeys(sql, part), part.length);
        if ('failed' in read) return { ...read.failed, side: 'source' };
        take(read.value);
        return null;
      },
      async (position, failure) => take(await this.alone(keys[position] as string, failure)),
    );
    return { rows, rejected };
  }

  /** Without reasons, or where every key came as a loadable row, nothing can be rejected. */
  private async both(bind: (sql: string) => string, keys: number | null): Promise<Tried<Piece>> {
    const { mapping, source, classOf } = this;
    const loadable = await tryReadRows(source, bind(mapping.statements.expected));
    if ('failed' in loadable) return loadable;
    const rows = loadable.value;
    if (mapping.reasons.length === 0 || rows.length === keys) return { value: { rows, rejected: [] } };
    const bad = await tryReadRows(source, bind(mapping.statements.rejected));
    if ('failed' in bad) return bad;
    return { value: { rows, rejected: bad.value.map((row) => rejectedByStatement(mapping, row, classOf)) } };
  }

  /** A row for which the source raises: read raw and judged here, or quarantined when even that raises. */
  private async alone(key: string, failure: RowFailure): Promise<Piece> {
    const { mapping, source, classOf } = this;
    const raw = await tryReadRows(source, this.forKeys(mapping.statements.raw, [key]));
    if ('failed' in raw) {
      return { rows: [], rejected: [failedRow({ mapping, classOf }, key, { ...raw.failed, side: 'source' }, null)] };
    }
    const [row] = raw.value;
    if (row === undefined) return nothing;
    this.recompute ??= createRecompute(mapping, {
      encoding: mapping.encoding,
      sha256: (bytes) => createHash('sha256').update(bytes).digest(),
    });
    const evaluated = evaluateRow(mapping, this.recompute, row, classOf);
    if ('bad' in evaluated) return { rows: [], rejected: [evaluated.bad] };
    if (evaluated.targetKey === '')
      return { rows: [], rejected: [failedRow({ mapping, classOf }, key, failure, null)] };
    return { rows: [[key, evaluated.targetKey, ...evaluated.texts]], rejected: [] };
  }

  private forKeys(sql: MappingStatements['expected'], only: readonly string[]): string {
    return bindStatement(restrictKeys(this.mapping, sql, { only }), { key: this.mapping.key });
  }

  private rowsAtATime(): number {
    const { estimatedRows, estimatedBytes } = this.mapping;
    if (estimatedRows <= 0 || estimatedBytes <= 0) return maxRows;
    return Math.min(maxRows, Math.max(1, Math.floor((pieceBytes * estimatedRows) / estimatedBytes)));
  }
}
