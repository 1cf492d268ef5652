import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { DeltaReport, FollowStatus } from '../contract/delta';
import type { RunStatus, TableProgress } from '../contract/run';
import { fineLag, fineProgress } from './screen/fine-progress';
import { heightOf, plainStatus, renderStatus, type ScreenSize } from './screen/live-view';
import { askPerson } from './screen/questions';
import type { Terminal } from './terminal';
import { detailsLink, type TemporalSession } from './temporal';

export type FollowEnd =
  | { readonly kind: 'closed' }
  | { readonly kind: 'detached' }
  /** It waits for a person, whom nobody can ask here. */
  | { readonly kind: 'waiting'; readonly status: RunStatus };

const drawEveryMs = 1_000;
const lineEveryMs = 10_000;
/** One look; without a worker the server would keep it waiting for much longer. */
const lookMs = 8_000;
/** A run that answers nothing for so long may have no worker. */
const silenceMs = 15_000;

/**
 * Shows a run until its workflow closes or the person presses Ctrl-C: drawn live on a terminal, else a plain line every
 * 10 s and at each change of phase. With ndjson each look is one status document on stdout. `silent` is called once whenever
 * the run has answered nothing for a while: it may have lost its worker. Without a terminal it ends where the run waits for a person,
 * unless it is told to `wait`.
 */
export async function follow(
  terminal: Terminal,
  temporal: TemporalSession,
  handle: WorkflowHandle,
  options: { readonly silent: () => Promise<void>; readonly wait: boolean },
): Promise<FollowEnd> {
  const link = await detailsLink(temporal, handle.workflowId);
  const screen = openScreen(terminal);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.on('SIGINT', interrupt);
  let lastLine = 0;
  let lastPhase = '';
  /** Questions that were put and are still open: each is put once, however often the screen is drawn. */
  let left: string[] = [];
  let heard = Date.now();
  let asked = false;
  try {
    for (;;) {
      if (stop.signal.aborted) return { kind: 'detached' };
      const { status: execution } = await handle.describe();
      const status = execution.name === 'RUNNING' ? await look(temporal, handle) : null;
      if (status === null && execution.name === 'RUNNING' && !asked && Date.now() - heard >= silenceMs) {
        asked = true;
        screen.keep();
        await options.silent();
      }
      if (status !== null) {
        heard = Date.now();
        asked = false;
        if (terminal.output === 'ndjson') terminal.out(JSON.stringify({ status }));
        if (terminal.live) screen.draw((size) => renderStatus(status, link, size));
        else if (Date.now() - lastLine >= lineEveryMs || lastPhase !== `${status.phase} ${status.state}`) {
          terminal.talk(plainStatus(status));
          lastLine = Date.now();
          lastPhase = `${status.phase} ${status.state}`;
        }
        if (!terminal.interactive && !options.wait && waitsForPerson(status)) return { kind: 'waiting', status };
        left = left.filter((question) => openQuestions(status).includes(question));
        const question = openQuestions(status).find((open) => !left.includes(open));
        if (terminal.interactive && question !== undefined) {
          screen.keep();
          left.push(question);
          await whileAsked(temporal, handle, question, stop, (signal) =>
            askPerson(terminal, handle, status, question, signal, stop),
          );
        }
      }
      if (execution.name !== 'RUNNING') {
        screen.keep();
        return { kind: 'closed' };
      }
      await sleep(drawEveryMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    process.off('SIGINT', interrupt);
  }
}

/** Whether the run, or a batch of it, goes no further before somebody says something. */
function waitsForPerson({ state }: RunStatus): boolean {
  return state === 'waiting' || state === 'blocked' || state === 'paused';
}

/** What a waiting run asks: ids of findings, else the name of its gate. */
function openQuestions(status: RunStatus): string[] {
  if (status.state !== 'waiting' && status.state !== 'blocked') return [];
  if (status.undecided.length > 0) return status.undecided.map((finding) => finding.id);
  return status.gate === null ? [] : [status.gate];
}

/** Puts a question, and takes it back when the run went on without an answer from here: decided in the web UI, or ended. */
async function whileAsked(
  temporal: TemporalSession,
  handle: WorkflowHandle,
  question: string,
  stop: AbortController,
  ask: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const moot = new AbortController();
  const looking = setInterval(() => {
    void look(temporal, handle).then((status) => {
      if (status === null || !openQuestions(status).includes(question)) moot.abort();
    });
  }, drawEveryMs);
  try {
    await ask(AbortSignal.any([stop.signal, moot.signal]));
  } finally {
    clearInterval(looking);
  }
}

async function look(temporal: TemporalSession, handle: WorkflowHandle): Promise<RunStatus | null> {
  try {
    const status = await temporal.client.withDeadline(Date.now() + lookMs, () => handle.query<RunStatus>('status'));
    const tables = status.phase === 'copy' ? await fineProgress(temporal, status) : new Map<string, TableProgress>();
    const lag = await fineLag(temporal, status);
    const asOf = new Date().toISOString();
    return {
      ...status,
      ...(lag === null || status.follow === undefined
        ? {}
        : { follow: { ...status.follow, ...figuresOf(lag), lagAt: asOf } }),
      asOf,
      tables: status.tables.map((table) => merge(table, tables.get(table.mapping))),
    };
  } catch {
    return null; // nobody polls yet, or the workflow has just closed
  }
}

function figuresOf({ lag, pending, throttled, quarantined }: DeltaReport): Partial<FollowStatus> {
  return { lag, pending, throttled, quarantined };
}

function merge(coarse: TableProgress, fine: TableProgress | undefined): TableProgress {
  return fine === undefined ? coarse : { ...fine, estimatedRows: coarse.estimatedRows };
}

interface Screen {
  /** Draws over what was drawn before, within what the window can hold. */
  draw(render: (size: ScreenSize) => readonly string[]): void;
  /** Leaves what is drawn and starts below it. */
  keep(): void;
}

function openScreen(terminal: Terminal): Screen {
  let height = 0;
  return {
    draw: (render) => {
      const { columns = 80, rows = 24 } = process.stderr;
      const up = height === 0 ? '' : `\u001b[${height}A\u001b[0J`;
      const lines = render({ columns, rows: rows - 1 });
      process.stderr.write(`${up}${lines.join('\n')}\n`);
      height = lines.reduce((sum, line) => sum + heightOf(line, columns), 0);
    },
    keep: () => {
      if (height > 0) terminal.talk('');
      height = 0;
    },
  };
}
