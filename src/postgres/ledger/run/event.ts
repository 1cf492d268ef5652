import { createHash } from 'node:crypto';
import type { CommandRecord } from '../../../contract/command';
import type { Session } from '../../session';
import { joinTransaction } from '../../transaction';
import { integer } from '../../row';

export type EventBody = Readonly<Record<string, unknown>>;

export interface LedgerEvent {
  readonly seq: number;
  /** Text of the time in UTC, with microseconds. */
  readonly at: string;
  readonly kind: string;
  readonly body: EventBody;
  readonly previousHash: string;
  readonly hash: string;
}

/** Hash before the first event. */
const genesis = '0'.repeat(64);

/**
 * Appends one event to the run's chain: hash = SHA-256 of the canonical JSON of [previous hash, run, seq, at, kind, body].
 * One at a time per run; joins an open transaction, and then holds the run's chain until that ends. No row data in `body`.
 */
export async function appendEvent(session: Session, run: string, kind: string, body: EventBody): Promise<void> {
  const clean = storable(body) as EventBody;
  await joinTransaction(session, async () => {
    await lockChain(session, run);
    const { rows } = await session.query<{ seq: string; previous: string; at: string }>(
      `select coalesce(max(seq), 0) + 1 as seq, pg_catalog.clock_timestamp()::text as at,
         coalesce((select hash from rowproof.event where run = $1 order by seq desc limit 1), $2) as previous
       from rowproof.event where run = $1`,
      [run, genesis],
    );
    const seq = integer(rows[0], 'seq');
    const { previous, at } = rows[0] as { previous: string; at: string };
    const hash = eventHash(run, { seq, at, kind, body: clean, previousHash: previous });
    await session.query(
      `insert into rowproof.event (run, seq, at, kind, body, previous_hash, hash)
       values ($1, $2, $3::timestamptz, $4, $5::jsonb, $6, $7)`,
      [run, seq, at, kind, JSON.stringify(clean), previous, hash],
    );
  });
}

/** Holds the chain of a run until the transaction ends. An advisory lock: locking the run's row would stop every batch, whose receipts refer to it. */
async function lockChain(session: Session, run: string): Promise<void> {
  await session.query(
    `select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('rowproof.event'), pg_catalog.hashtext($1))`,
    [run],
  );
}

/**
 * Appends where an operator's command has got to: `accepted` is the event `command`, `done` the event of its `kind`, `refused` again
 * `command`. Written once for each id and state; an id that is done or refused takes nothing more, however late an attempt comes. False
 * where nothing was written.
 */
export async function appendCommand(session: Session, run: string, command: CommandRecord): Promise<boolean> {
  return joinTransaction(session, async () => {
    await lockChain(session, run);
    const { rows } = await session.query<{ state: string }>(
      `select body ->> 'state' as state from rowproof.event where run = $1 and body ->> 'command' = $2`,
      [run, command.id],
    );
    if (rows.some(({ state }) => state !== 'accepted' || state === command.state)) return false;
    const { id, name, kind, state, body } = command;
    const about = { ...body, command: id, name, state };
    await appendEvent(session, run, state === 'done' ? kind : 'command', about);
    return true;
  });
}

/** Events in order, after `afterSeq` when given. */
export async function readEvents(session: Session, run: string, afterSeq = 0): Promise<LedgerEvent[]> {
  const { rows } = await session.query<{
    seq: string;
    at: string;
    kind: string;
    body: string;
    previous_hash: string;
    hash: string;
  }>(
    'select seq, at::text as at, kind, body, previous_hash, hash from rowproof.event where run = $1 and seq > $2 order by seq',
    [run, afterSeq],
  );
  return rows.map((row) => ({
    seq: integer(row, 'seq'),
    at: row.at,
    kind: row.kind,
    body: JSON.parse(row.body) as EventBody,
    previousHash: row.previous_hash,
    hash: row.hash,
  }));
}

/** Body of the last event of a kind; null when there is none. */
export async function lastEvent(session: Session, run: string, kind: string): Promise<EventBody | null> {
  const { rows } = await session.query<{ body: string }>(
    'select body::text as body from rowproof.event where run = $1 and kind = $2 order by seq desc limit 1',
    [run, kind],
  );
  return rows[0] === undefined ? null : (JSON.parse(rows[0].body) as EventBody);
}

export interface ChainCheck {
  readonly intact: boolean;
  readonly events: number;
  /** First event that does not follow from the one before it. */
  readonly brokenAt: number | null;
  /** Hash of the last event: keep it elsewhere, and a chain cut short is seen too. */
  readonly head: string;
}

/** Recomputes the whole chain: changed, inserted, removed or reordered events are found, save those cut off at the end. */
export async function verifyChain(session: Session, run: string): Promise<ChainCheck> {
  const events = await readEvents(session, run);
  let head = genesis;
  for (const [index, event] of events.entries()) {
    const expected = eventHash(run, { ...event, seq: index + 1, previousHash: head });
    if (event.seq !== index + 1 || event.previousHash !== head || event.hash !== expected) {
      return { intact: false, events: events.length, brokenAt: event.seq, head };
    }
    head = event.hash;
  }
  return { intact: true, events: events.length, brokenAt: null, head };
}

function eventHash(run: string, event: Omit<LedgerEvent, 'hash'>): string {
  const canonical = canonicalJson([event.previousHash, run, event.seq, event.at, event.kind, event.body]);
  return createHash('sha256').update(canonical, 'utf8').digest('hex');
}

/** JSON with sorted keys and no spaces: the same text however jsonb reorders what it stores. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** What jsonb can hold: no NUL, no lone surrogates (people paste reasons from anywhere), no undefined. */
function storable(value: unknown): unknown {
  const plain = JSON.parse(JSON.stringify(value)) as unknown;
  const walk = (item: unknown): unknown => {
    if (typeof item === 'string') return wellFormed(item);
    if (Array.isArray(item)) return item.map(walk);
    if (typeof item === 'object' && item !== null) {
      return Object.fromEntries(Object.entries(item).map(([key, inner]) => [wellFormed(key), walk(inner)]));
    }
    return item;
  };
  return walk(plain);
}

function wellFormed(text: string): string {
  return text.replace(/\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');
}
