import type { QuarantinedRow } from '../../copy/quarantined-row';
import type { Piece, SourceReader } from './read-round';
import { serialized } from './serialize';

type Reader = Pick<SourceReader, 'source' | 'pieces'>;

/** So many full pieces wait for the target at most, over all tables of a source. */
const maxAhead = 4;

/**
 * What one reader brings, as the target takes it: `rows` is to be read to its end before `rejected`.
 */
export interface ReadPieces {
  rows(): AsyncGenerator<Piece['rows']>;
  rejected(): AsyncGenerator<readonly QuarantinedRow[]>;
}

/**
 * Reads the tables of one source in their order, one piece after the other in one session, while the target works on what was read
 * before. Whoever began it ends it before the session serves anything else.
 */
export class ReadAhead {
  private readonly queues: PieceQueue[];
  private readonly reading: Promise<void>;
  private ahead = 0;
  private ended = false;
  private wake: () => void = () => undefined;

  constructor(readers: readonly Reader[]) {
    this.queues = readers.map(() => new PieceQueue((share) => this.taken(share)));
    this.reading = this.read(readers);
  }

  /** In the order of the readers; to be taken in that order. */
  get pieces(): readonly ReadPieces[] {
    return this.queues;
  }

  /** Stops after the piece that is under way; what was not taken is forgotten. Never raises: who takes a piece hears of a failure. */
  async end(): Promise<void> {
    this.ended = true;
    this.wake();
    await this.reading;
  }

  private async read(readers: readonly Reader[]): Promise<void> {
    let at = 0;
    try {
      for (; at < readers.length; at += 1) {
        const queue = this.queues[at] as PieceQueue;
        const reader = readers[at] as Reader;
        for (const { read, share } of await serialized(reader.source, () => reader.pieces())) {
          while (this.ahead > 0 && this.ahead + share > maxAhead && !this.ended)
            await new Promise<void>((resolve) => (this.wake = resolve));
          if (this.ended) return;
          this.ahead += share;
          queue.put(await serialized(reader.source, read), share);
        }
        queue.close(null);
      }
    } catch (error) {
      for (const queue of this.queues.slice(at)) queue.close(error as Error);
    }
  }

  private taken(share: number): void {
    this.ahead -= share;
    this.wake();
  }
}

/** Pieces of one table on their way from the source to the target. */
class PieceQueue implements ReadPieces {
  private readonly waiting: { readonly piece: Piece; readonly share: number }[] = [];
  private readonly found: QuarantinedRow[] = [];
  private closed: { readonly error: Error | null } | null = null;
  private wake: () => void = () => undefined;

  constructor(private readonly onTaken: (share: number) => void) {}

  put(piece: Piece, share: number): void {
    this.waiting.push({ piece, share });
    this.wake();
  }

  close(error: Error | null): void {
    this.closed = { error };
    this.wake();
  }

  async *rows(): AsyncGenerator<Piece['rows']> {
    for (;;) {
      const next = this.waiting.shift();
      if (next !== undefined) {
        this.onTaken(next.share);
        for (const row of next.piece.rejected) this.found.push(row);
        if (next.piece.rows.length > 0) yield next.piece.rows;
      } else if (this.closed === null) await new Promise<void>((resolve) => (this.wake = resolve));
      else if (this.closed.error !== null) throw this.closed.error;
      else return;
    }
  }

  async *rejected(): AsyncGenerator<readonly QuarantinedRow[]> {
    await Promise.resolve();
    for (let from = 0; from < this.found.length; from += 1_000) yield this.found.slice(from, from + 1_000);
  }
}
