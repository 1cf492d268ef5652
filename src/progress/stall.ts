/** Work whose rows and bytes do not move: what people read of it. It fails nothing. */

/** What one side of the work waits for. `blockers`: pids with their application_name. */
export interface SideWaits {
  /** `the target`, `source legacy`. */
  readonly side: string;
  readonly waits: readonly {
    readonly event: string | null;
    readonly active: boolean;
    readonly lock: string | null;
    readonly blockers: readonly string[];
  }[];
  /** The server could not be asked. */
  readonly unreachable?: true;
}

/** `copy orders:3 has not moved for 5 min: …`, naming the lock that is waited for before anything else. */
export function stallSentence(what: string, forMs: number, sides: readonly SideWaits[]): string {
  return `${what} has not moved for ${lengthOf(forMs)}: ${waitsFor(sides)}`;
}

function waitsFor(sides: readonly SideWaits[]): string {
  const all = sides.flatMap(({ side, waits }) => waits.map((one) => ({ side, ...one })));
  const locked = all.find(({ lock, blockers }) => lock !== null || blockers.length > 0);
  if (locked !== undefined) {
    const deferred = locked.blockers.length === 0 ? '' : `, held by ${locked.blockers.slice(0, 3).join(', ')}`;
    return `${locked.side} waits for ${locked.lock ?? locked.event ?? 'a lock'}${deferred}.`;
  }
  const gone = sides.find(({ unreachable }) => unreachable);
  if (gone !== undefined) return `${gone.side} does not answer.`;
  const waiting = all.find(({ active, event }) => active && event !== null && !event.startsWith('Client/'));
  if (waiting !== undefined) return `${waiting.side} waits (${waiting.event}).`;
  const working = all.find(({ active, event }) => active && event === null);
  if (working !== undefined) return `${working.side} works on its statement and waits for nothing.`;
  return 'the databases wait for the worker.';
}

function lengthOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
