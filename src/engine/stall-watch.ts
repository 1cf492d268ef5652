import type { RunRef } from '../contract/run';
import { stallSentence, type SideWaits } from '../progress/stall';
import { appendEvent } from '../postgres/ledger/run/event';
import { readWaits, type Waiting } from '../postgres/queries/run/waits';
import type { Session } from '../postgres/session';
import type { Progress } from './heartbeat';
import type { Host } from './host';

/** Until the plan of the run is known, which the work itself may find out: nothing is looked at before. */
const unknownMs = 1_000;

/** A session of the work, and how another one of its server is opened. */
export interface WatchedSession {
  readonly session: Session;
  readonly another: (purpose: string) => Promise<Session>;
}

/** The work that is watched. */
export interface WatchedWork {
  readonly what: string;
  readonly sessions: () => readonly WatchedSession[];
  /** Rows and bytes of it; null for work that has none: that one stalls only while a lock is waited for. */
  readonly progress: () => Progress | null;
}

/**
 * Looks four times within `settings.stall_after` whether the work moves; where it did not for so long, says on the run's page and in the
 * ledger what its sessions wait for, and again when it moves. Fails nothing. The answer ends it.
 */
export function watchForStall(host: Host, ref: RunRef, work: WatchedWork): () => Promise<void> {
  const { reportStall } = host;
  if (reportStall === undefined) return () => Promise.resolve();
  let last = '';
  let since = performance.now();
  let told = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  const limit = (): number | undefined => host.databases.known(ref)?.compiled.plan.settings.stallAfterMs;

  async function say(sentence: string | null): Promise<void> {
    told = sentence !== null;
    const run = host.databases.known(ref);
    const report = { what: work.what, sentence };
    await Promise.allSettled([reportStall?.(ref, run?.workflowId ?? null, report), recordStall(host, ref, report)]);
  }

  async function look(): Promise<void> {
    const limitMs = limit();
    if (limitMs === undefined) return;
    const progress = work.progress();
    const moved = progress === null ? '' : `${progress.rows} ${progress.bytes}`;
    const sides = progress !== null && !last.startsWith(`${moved}|`) ? [] : await sidesOf(work.sessions());
    const builds = sides.flatMap(({ waits }) => waits.flatMap((one) => one.progress ?? []));
    const seen = `${moved}|${builds.join()}`;
    const measured = progress !== null || builds.length > 0;
    const locked = sides.some(({ waits }) => waits.some(({ lock, blockers }) => lock !== null || blockers.length > 0));
    const moves = seen !== last || !(measured || locked);
    last = seen;
    if (moves) {
      since = performance.now();
      if (told) await say(null);
    } else if (!told && performance.now() - since >= limitMs) {
      await say(stallSentence(work.what, performance.now() - since, sides));
    }
  }

  const next = (): void => {
    const limitMs = limit();
    const pauseMs = limitMs === undefined ? unknownMs : Math.max(100, limitMs / 4);
    timer = setTimeout(() => {
      looking = look()
        .catch(() => undefined)
        .then(() => void (timer !== undefined && next()));
    }, pauseMs);
    timer.unref();
  };
  next();
  return async () => {
    clearTimeout(timer);
    timer = undefined;
    await looking;
    if (told) await say(null);
  };
}

interface Side extends SideWaits {
  readonly waits: readonly Waiting[];
}

async function sidesOf(sessions: readonly WatchedSession[]): Promise<Side[]> {
  const bySide = new Map<string, WatchedSession[]>();
  for (const one of sessions) {
    const side = nameOf(one.session);
    bySide.set(side, [...(bySide.get(side) ?? []), one]);
  }
  return Promise.all([...bySide].map(([side, all]) => askSide(side, all)));
}

function nameOf({ role }: Session): string {
  return role?.side === 'source' ? `source ${role.name ?? ''}`.trim() : 'the target';
}

async function askSide(side: string, all: readonly WatchedSession[]): Promise<Side> {
  try {
    const session = await (all[0] as WatchedSession).another('look at waits');
    try {
      return {
        side,
        waits: await readWaits(
          session,
          all.map((one) => one.session.pid),
        ),
      };
    } finally {
      await session.close();
    }
  } catch {
    return { side, waits: [], unreachable: true };
  }
}

/** For the report; where the ledger cannot be written it is on the page alone. */
async function recordStall(
  host: Host,
  { run, ledger }: RunRef,
  report: { what: string; sentence: string | null },
): Promise<void> {
  const session = await host.databases.ledger({ run, ledger }, 'event');
  try {
    await session.query(`select pg_catalog.set_config('statement_timeout', '5000', false)`);
    const { what, sentence } = report;
    await appendEvent(session, run, sentence === null ? 'moves again' : 'stalled', { what, sentence });
  } finally {
    await session.close();
  }
}
