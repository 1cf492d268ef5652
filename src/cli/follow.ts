import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { RunStatus, TableProgress } from '../contract/run';
import { fineProgress } from './fine-progress';
import { plainStatus, renderStatus } from './live-view';
import { askPerson } from './questions';
import type { Terminal } from './terminal';
import { detailsLink, type TemporalSession } from './temporal';

export type FollowEnd = { readonly kind: 'closed' } | { readonly kind: 'detached' };

const drawEveryMs = 1_000;
const lineEveryMs = 10_000;

/**
 * Shows a run until its workflow closes or the person presses Ctrl-C: drawn live on a terminal, else a plain line every
 * 10 s and at each change of phase. With ndjson each look is one status document on stdout.
 */
export async function follow(
  terminal: Terminal,
  temporal: TemporalSession,
  handle: WorkflowHandle,
): Promise<FollowEnd> {
  const link = await detailsLink(temporal, handle.workflowId);
  const screen = openScreen(terminal);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.on('SIGINT', interrupt);
  let lastLine = 0;
  let lastPhase = '';
  let asked: string | null = null;
  try {
    for (;;) {
      if (stop.signal.aborted) return { kind: 'detached' };
      const { status: execution } = await handle.describe();
      const status = execution.name === 'RUNNING' ? await look(temporal, handle) : null;
      if (status !== null) {
        if (terminal.output === 'ndjson') terminal.out(JSON.stringify({ status }));
        if (terminal.live) screen.draw(renderStatus(status, link));
        else if (Date.now() - lastLine >= lineEveryMs || lastPhase !== `${status.phase} ${status.state}`) {
          terminal.talk(plainStatus(status));
          lastLine = Date.now();
          lastPhase = `${status.phase} ${status.state}`;
        }
        const question = questionOf(status);
        if (terminal.interactive && question !== null && question !== asked) {
          screen.keep();
          await askPerson(terminal, handle, status, stop.signal);
          asked = question;
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

/** What a waiting run asks, as a key: each question is put once, however often the screen is drawn. */
function questionOf(status: RunStatus): string | null {
  return status.state === 'waiting'
    ? `${status.gate ?? ''} ${status.undecided.map((finding) => finding.id).join(' ')}`
    : null;
}

async function look(temporal: TemporalSession, handle: WorkflowHandle): Promise<RunStatus | null> {
  try {
    const status = await handle.query<RunStatus>('status');
    const tables = status.phase === 'copy' ? await fineProgress(temporal, status) : new Map<string, TableProgress>();
    return {
      ...status,
      asOf: new Date().toISOString(),
      tables: status.tables.map((table) => merge(table, tables.get(table.mapping))),
    };
  } catch {
    return null; // nobody polls yet, or the workflow has just closed
  }
}

function merge(coarse: TableProgress, fine: TableProgress | undefined): TableProgress {
  return fine === undefined ? coarse : { ...fine, estimatedRows: coarse.estimatedRows };
}

interface Screen {
  draw(lines: readonly string[]): void;
  /** Leaves what is drawn and starts below it. */
  keep(): void;
}

function openScreen(terminal: Terminal): Screen {
  let height = 0;
  return {
    draw: (lines) => {
      const up = height === 0 ? '' : `\u001b[${height}A\u001b[0J`;
      process.stderr.write(`${up}${lines.join('\n')}\n`);
      const columns = process.stderr.columns ?? 80;
      height = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(visible(line).length / columns)), 0);
    },
    keep: () => {
      if (height > 0) terminal.talk('');
      height = 0;
    },
  };
}

function visible(line: string): string {
  return line.replace(/\u001b\[[0-9;]*m/g, '');
}
