import { createHash } from 'node:crypto';
import type { CopyStreamQuery } from 'pg-copy-streams';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { CopyBinaryDecoder, type ByteRows } from './wire/copy-binary';
import { CopyTextDecoder, encodeCopyRows } from './copy-text';
import type { Session } from './session';

export interface RelayResult {
  /** Rows by the command tag of the source. */
  readonly sourceRows: number;
  /** Rows by the command tag of the target: fewer when `where` or a trigger dropped some. */
  readonly targetRows: number;
  readonly bytes: number;
  /** Hex, over the bytes as the source sent them. */
  readonly sha256: string;
}

/**
 * Pipes `COPY (select) TO STDOUT` into `COPY into FROM STDIN` byte by byte, with back-pressure and bounded memory. On any
 * failure or abort both sessions are destroyed and the error that came first is raised, as pg gave it.
 */
export async function relayCopy(options: {
  readonly source: Session;
  readonly select: string;
  readonly target: Session;
  /** `"s"."t" ("a", "b")` */
  readonly into: string;
  /** Condition under which the target takes a row, over the columns of its table; the others are passed over without an error. */
  readonly where?: string;
  readonly format: 'binary' | 'text';
  readonly signal?: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
  /** Sees every byte on its way; lines are cut anywhere. */
  readonly onChunk?: (chunk: Buffer) => void;
}): Promise<RelayResult> {
  const { source, target, where, signal, onBytes, onChunk } = options;
  signal?.throwIfAborted();
  const read = `copy (${options.select}) to stdout (format ${options.format})`;
  const written = `copy ${options.into} from stdin (format ${options.format})${where === undefined ? '' : ` where ${where}`}`;
  const reader = copyTo(read);
  const writer = copyFrom(written);
  const hash = createHash('sha256');
  let bytes = 0;
  let onAbort: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      let open = 2;
      const one = (): void => {
        open -= 1;
        if (open === 0) resolve();
      };
      onAbort = () => reject(abortReason(signal));
      signal?.addEventListener('abort', onAbort, { once: true });
      // errors after the first find nobody who waits, and must find a listener
      reader.on('error', (error: Error) => reject(source.noted(error, read) as Error));
      writer.on('error', (error: Error) => reject(target.noted(error, written) as Error));
      reader.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        bytes += chunk.length;
        onBytes?.(chunk.length);
        onChunk?.(chunk);
        if (!writer.write(chunk)) {
          reader.pause();
          writer.once('drain', () => reader.resume());
        }
      });
      // the server may be ready while bytes still wait here, and `end` may come before it said how many rows it sent
      let unfinished = 2;
      const sourceStep = (): void => {
        unfinished -= 1;
        if (unfinished > 0) return;
        writer.end();
        one();
      };
      reader.once('end', sourceStep);
      onceReady(reader, sourceStep);
      writer.once('finish', one);
      target.client.query(writer);
      source.client.query(reader);
    });
  } catch (error) {
    source.destroy();
    target.destroy();
    throw error;
  } finally {
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
  }
  return { sourceRows: reader.rowCount, targetRows: writer.rowCount, bytes, sha256: hash.digest('hex') };
}

/**
 * Rows of `COPY (select) TO STDOUT` in text format, unescaped, in chunks as they arrive. Leaving the loop early destroys
 * the session: a COPY cannot be ended from this side. So does an abort, which raises its reason.
 */
export async function* copyOut(
  session: Session,
  select: string,
  signal?: AbortSignal,
): AsyncGenerator<(string | null)[][]> {
  const decoder = new CopyTextDecoder();
  let rows: (string | null)[][] = [];
  let bytes = 0;
  for await (const chunk of copiedBytes(session, `copy (${select}) to stdout`, signal)) {
    const decoded = decoder.push(chunk);
    rows = rows.length === 0 ? decoded : rows.concat(decoded);
    bytes += chunk.length;
    // whoever merges streams holds some of these at once
    if (rows.length >= 1000 || (bytes >= chunkBytes && rows.length > 0)) {
      yield rows;
      rows = [];
      bytes = 0;
    }
  }
  decoder.end();
  if (rows.length > 0) yield rows;
}

/** The same in binary format, as the bytes arrive; of each row the first `leading` fields are marked off. */
export async function* copyOutBinary(session: Session, select: string, leading: number): AsyncGenerator<ByteRows> {
  const decoder = new CopyBinaryDecoder(leading);
  for await (const chunk of copiedBytes(session, `copy (${select}) to stdout (format binary)`)) {
    const rows = decoder.push(chunk);
    if (rows.starts.length > 0) yield rows;
  }
  decoder.end();
}

async function* copiedBytes(session: Session, sql: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  signal?.throwIfAborted();
  const reader = copyTo(sql);
  let ended = false;
  const ready = new Promise<void>((resolve, reject) => {
    reader.once('error', reject);
    onceReady(reader, resolve);
  });
  ready.catch(() => undefined);
  const onAbort = (): void => {
    session.destroy();
    reader.destroy(abortReason(signal));
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  session.client.query(reader);
  try {
    for await (const chunk of reader as AsyncIterable<Buffer>) yield chunk;
    await ready;
    ended = true;
  } catch (error) {
    throw session.noted(error, sql);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    if (!ended) session.destroy();
  }
}

const chunkBytes = 2 * 1024 * 1024;

const blocksBetweenTurns = 64;

/** Writes rows by `COPY into FROM STDIN` in text format; returns the rows of the command tag. On failure the session is destroyed. */
export async function copyIn(
  session: Session,
  into: string,
  rows: AsyncIterable<readonly (readonly (string | null)[])[]> | Iterable<readonly (readonly (string | null)[])[]>,
): Promise<number> {
  const sql = `copy ${into} from stdin`;
  const writer = copyFrom(sql);
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  writer.on('error', fail);
  session.client.query(writer);
  try {
    let unheard = 0;
    // racing inside the loop, so that a failure also ends the iterator that feeds it
    for await (const chunk of rows) {
      for (const block of encodeCopyRows(chunk)) {
        const full = !writer.write(block);
        if (full) await Promise.race([new Promise<void>((resolve) => writer.once('drain', resolve)), failed]);
        unheard += 1;
      }
      // rows from memory and a fast socket leave no turn of the event loop in which an error could arrive
      if (unheard >= blocksBetweenTurns) {
        unheard = 0;
        await Promise.race([new Promise<void>((resolve) => setImmediate(resolve)), failed]);
      }
    }
    const finished = new Promise<void>((resolve) => writer.once('finish', resolve));
    writer.end();
    await Promise.race([finished, failed]);
  } catch (error) {
    session.destroy();
    throw session.noted(error, sql);
  }
  return writer.rowCount;
}

/** pg tells the active query when the server is ready again; only then is the command tag known and the session free. */
function onceReady(query: CopyStreamQuery | NodeJS.EventEmitter, done: () => void): void {
  (query as unknown as { handleReadyForQuery: () => void }).handleReadyForQuery = done;
}

function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('The copy was aborted', { cause: reason });
}
