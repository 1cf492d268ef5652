import type { CapturedRelation } from '../../capture/captured-relations';
import { capturedRelations } from '../../capture/captured-relations';
import { fail } from '../../errors/rowproof-error';
import type { Cursor } from '../../postgres/ledger/follow/cursor';
import { readablePending, type PendingKey, type WaitingKey } from '../../postgres/ledger/follow/pending';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { changesBetween, streamChanges, truncatedBetween } from '../../postgres/queries/capture/changes';
import { currentSnapshot } from '../../postgres/queries/copy/transaction';
import type { Session } from '../../postgres/session';
import type { CaptureCheck } from '../capture/capture-kind';
import { checkCapture, whyPurged } from '../capture/capture-source';
import { faulty, type Breakable } from '../fault-injection';

/** What one source brings into a round: which keys are read again, and how far the cursor goes with them. */
export interface SourceWindow {
  readonly source: string;
  readonly session: Session;
  readonly relations: readonly CapturedRelation[];
  readonly cursor: Cursor;
  /** Snapshot of the open transaction. */
  readonly snapshot: string;
  readonly check: CaptureCheck;
  /** Keys to read again and apply, each once; `key` null: the whole relation. */
  readonly keys: readonly { readonly relation: number; readonly key: string | null }[];
  /** Those of them that wait in `pending`, to be removed with the round. */
  readonly taken: readonly WaitingKey[];
  /** Changes that are too many for this round: they go to `pending`. Null when there are none. */
  readonly backlog: (() => AsyncIterable<readonly PendingKey[]>) | null;
  /** Where the cursor goes, null when it stays. */
  readonly moveTo: string | null;
  /** True when nothing that the snapshot sees is left behind. */
  readonly complete: boolean;
}

/** A window of so many rounds' keys is applied in one, where the plan allows so many: more of them go to `pending` first. */
const maxAtOnce = 3;

/** Chooses, inside the open snapshot of a source, what this round applies: what waits first, then what changed since the cursor. */
export async function chooseWindow(options: {
  readonly host: Breakable;
  readonly run: LoadedRun;
  readonly source: string;
  readonly session: Session;
  readonly target: Session;
  readonly cursors: readonly Cursor[];
  readonly snapshot: string;
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
}): Promise<SourceWindow> {
  const { host, run, source, session, target, snapshot, limit, signal } = options;
  const cursor = options.cursors.find((one) => one.source === source);
  if (cursor === undefined)
    throw fail('RP5406', `Run ${run.run} does not follow its source ${source}`, { where: { object: run.run } });
  const relations = capturedRelations(run.compiled).filter((one) => one.source === source);
  const seen = faulty(host, 'gate') ? seesAll : snapshot;
  const waiting = await readablePending(target, run.run, source, seen, limit + 1);
  const taken = waiting.slice(0, limit);
  const room = limit - taken.length;
  const base = { source, session, relations, cursor, snapshot };
  const checked = async (truncated: readonly number[]): Promise<CaptureCheck> =>
    checkCapture(host, run, source, session, cursor.capture, truncated);
  if (run.compiled.plan.capture === 'logical') {
    const check = await checked(waiting.filter((one) => one.key === null).map((one) => one.relation));
    return {
      ...base,
      check,
      keys: each(taken),
      taken,
      backlog: null,
      moveTo: snapshot,
      complete: waiting.length <= limit,
    };
  }
  const previous = cursor.snapshot;
  const existing = await checked(await truncatedBetween(session, run, { source, previous }));
  const stop = existing.stop ?? (await whyPurged(run, source, session, previous));
  const check = { ...existing, stop };
  if (stop !== null) return { ...base, check, keys: [], taken: [], backlog: null, moveTo: null, complete: false };
  if (waiting.length > limit)
    return { ...base, check, keys: each(taken), taken, backlog: null, moveTo: null, complete: false };
  // to wait in `pending` costs a key about as much as half its application
  const allowed = Math.max(limit, run.compiled.plan.settings.delta.roundKeys);
  const max = taken.length === 0 ? Math.min(maxAtOnce * limit, allowed) : room;
  const changes = await changesBetween(session, run, { source, previous, limit: max });
  if (changes.length > max) {
    // the room may be what is left beside waiting keys: then these go first
    const backlog =
      taken.length > 0
        ? null
        : async function* (): AsyncGenerator<PendingKey[]> {
            for await (const chunk of streamChanges(session, run, { source, previous, ...(signal ? { signal } : {}) }))
              yield chunk.map((change) => ({ ...change, xid: null }));
          };
    return {
      ...base,
      check,
      keys: each(taken),
      taken,
      backlog,
      moveTo: backlog === null ? null : snapshot,
      complete: false,
    };
  }
  return { ...base, check, keys: each([...taken, ...changes]), taken, backlog: null, moveTo: snapshot, complete: true };
}

/** Each key once, for however many transactions or changes it came. */
function each(keys: SourceWindow['keys']): SourceWindow['keys'] {
  const found = new Map<string, SourceWindow['keys'][number]>();
  for (const one of keys) found.set(`${one.relation} ${one.key === null ? '' : `k${one.key}`}`, one);
  return [...found.values()];
}

/** A snapshot that sees everything: only for fault injection. */
const seesAll = '9223372036854775807:9223372036854775807:';

/** Opens the snapshot of a round on a source. */
export async function openSnapshot(session: Session): Promise<string> {
  await session.query(
    `begin isolation level repeatable read read only;
     select pg_catalog.set_config('statement_timeout', '0', true),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '0', true)`,
  );
  return currentSnapshot(session);
}
