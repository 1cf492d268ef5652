import pc from 'picocolors';
import type { RunStatus, TableProgress } from '../../contract/run';
import { alike } from '../../progress/alike-findings';
import { isBadRowsBlock } from '../../progress/blocked';
import { abortAndUndo, approve, cutOver, decide, drill, resolve, resume } from '../../progress/commands';
import { cutoverOffers } from '../../progress/cutover-offers';
import { overallShare } from '../../progress/current-details';
import { expectedFreeze, freezeLine, lagOf, existing, warningsOf } from '../../progress/follow-lines';
import { captureBlock } from '../../progress/follow-view';
import { agreeing } from '../../report/counted';

const quietSteps = ['discovery', 'prepare', 'copy', 'settle', 'finish', 'proof'];
const followedSteps = ['discovery', 'prepare', 'capture', 'copy', 'delta', 'settle', 'finish', 'proof', 'cutover'];
const frozenSteps = ['discovery', 'freeze', 'prepare', 'copy', 'settle', 'finish', 'proof', 'cutover'];

/** The phases of a run by its pattern; which one it is shows once it follows or froze. */
function stepsOf({ pattern }: RunStatus): readonly string[] {
  return pattern === 'hybrid' ? followedSteps : pattern === 'big_bang' ? frozenSteps : quietSteps;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * The run as lines of text, for a screen that is drawn again and again. What a window cannot hold cannot be drawn over,
 * so tables give way there: those that move are shown first. Without a size everything is shown.
 */
export function renderStatus(status: RunStatus, link: string | null, size: ScreenSize | null = null): string[] {
  const share = overallShare(status.tables);
  const steps = stepsOf(status);
  const at = steps.indexOf(status.phase);
  const columns = size?.columns ?? Infinity;
  const head = [
    `${pc.bold(status.run || status.plan)}  ${headline(status, at, steps.length)}  plan ${[status.plan, status.code].filter(Boolean).join(' ')}  running ${since(status)}`,
    ...steps.map((step, position) => stepLine(step, position, at, status, share)),
  ];
  const foot = [
    ...followLines(status),
    ...needLines(status),
    ...(link === null ? [] : [pc.dim(`  Temporal UI  ${link}`)]),
  ];
  const taken = [...head, ...foot].reduce((sum, line) => sum + heightOf(line, columns), 0);
  const room = size === null ? 20 : Math.min(20, Math.max(2, size.rows - taken));
  const lines = [...head, ...tableLines(status, room), ...foot];
  return size === null ? lines : cropped(lines, size);
}

/** Rows that a line takes in a window of that width. */
export function heightOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(visible(line).length / columns));
}

function cropped(lines: readonly string[], { columns, rows }: ScreenSize): string[] {
  const kept: string[] = [];
  let height = 0;
  for (const line of lines) {
    height += heightOf(line, columns);
    if (height > rows) break;
    kept.push(line);
  }
  return kept;
}

function visible(line: string): string {
  return line.replace(/\u001b\[[0-9;]*m/g, '');
}

/** One plain line for logs. */
export function plainStatus(status: RunStatus): string {
  const share = overallShare(status.tables);
  const migrated = status.tables.reduce((sum, table) => sum + table.migrated, 0);
  const quarantined = status.tables.reduce((sum, table) => sum + table.quarantined, 0);
  const copying = status.phase === 'copy' && share !== null ? ` ${share} %` : '';
  return `${status.run || status.plan} ${status.phase}${copying}: ${status.sentence}; ${group(migrated)} migrated, ${group(quarantined)} quarantined, ${status.blocked.length} blocked${status.follow?.lagAt == null ? '' : `, ${lagOf(status.follow)}`} (${since(status)})`;
}

function headline(status: RunStatus, at: number, of: number): string {
  const step = at === -1 ? status.phase : `${status.phase.toUpperCase()}, step ${at + 1} of ${of}`;
  return status.state === 'running' ? step : `${step}  ${pc.yellow(status.state.replace('_', ' '))}`;
}

function stepLine(step: string, position: number, at: number, status: RunStatus, share: number | null): string {
  if (position < at || status.phase === 'done') return `  ${pc.green('✓')} ${step}`;
  if (position > at) return pc.dim(`  · ${step}`);
  if (step !== 'copy' || share === null) return `  ${pc.cyan('▶')} ${step.padEnd(10)} ${status.sentence}`;
  return `  ${pc.cyan('▶')} ${step.padEnd(10)} ${String(share).padStart(3)} %  ${bar(share)}`;
}

function tableLines(status: RunStatus, room: number): string[] {
  const running = status.tables.filter((table) => table.state === 'running');
  const moving = [...running, ...status.tables.filter((table) => table.state === 'done')];
  const shown = moving.length <= room ? moving : moving.slice(0, room - 1);
  const width = Math.max(...moving.map((table) => table.mapping.length), 8);
  return [
    ...shown.map((table) => `    ${table.mapping.padEnd(width)}  ${tableState(table)}`),
    ...(moving.length > shown.length
      ? [`    … and ${moving.length - shown.length} more ${agreeing(moving.length - shown.length, 'table', 'tables')}`]
      : []),
  ];
}

function tableState(table: TableProgress): string {
  const state = table.state === 'done' ? 'done' : `${table.batchesDone} of ${table.batches}`;
  return `${state.padEnd(12)} ${group(table.migrated).padStart(11)} migrated ${group(table.quarantined).padStart(9)} quarantined`;
}

function needLines(status: RunStatus): string[] {
  const { run, code } = status;
  const blocked = status.blocked.filter(({ what }) => !isBadRowsBlock(what));
  return [
    ...(status.state === 'paused' ? [`${pc.yellow('!')} the run is paused`, `    go on:  ${resume(run)}`] : []),
    ...(status.alarms ?? []).map((alarm) => `${pc.red('!')} ${alarm}`),
    ...(status.stalled ?? []).slice(0, 5).map(({ sentence }) => `${pc.yellow('!')} ${sentence}`),
    ...(status.gate === null ? [] : gateLines(status.gate, status, code)),
    ...alike(status.undecided).map(
      ({ pattern, findings, rows }) =>
        `    ${findings.length} alike at once:  ${decide(run, pattern, findings[0]?.choices[0] ?? 'quarantine', rows === 0 ? null : rows)}`,
    ),
    ...status.undecided
      .slice(0, 5)
      .flatMap((finding) => [
        `${pc.yellow('!')} ${finding.id}: ${finding.sentence}`,
        `    decide it:  ${decide(run, finding.id, finding.choices[0] ?? 'quarantine', finding.rows === 0 ? null : finding.rows)}`,
      ]),
    ...(status.undecided.length > 5
      ? [
          `    … and ${status.undecided.length - 5} more ${agreeing(status.undecided.length - 5, 'finding', 'findings')}`,
        ]
      : []),
    ...status.blocked
      .filter(({ what }) => isBadRowsBlock(what))
      .slice(0, 5)
      .flatMap(({ mapping, why }) => [
        `${pc.yellow('!')} ${mapping} is stopped: ${why} The table goes on once its findings are decided.`,
        `    undo all of it:  ${abortAndUndo(run)}`,
      ]),
    ...blocked
      .slice(0, 5)
      .flatMap((batch) => [
        batch.what === captureBlock
          ? `${pc.yellow('!')} following is stopped: ${batch.why}`
          : `${pc.yellow('!')} batch ${batch.what} blocked: ${batch.why} The rest goes on.`,
        `    when it is fixed:  ${resolve(run, batch.what, batch.what === captureBlock ? 'resync' : 'retry')}`,
      ]),
    ...(blocked.length > 5
      ? [
          `    … and ${blocked.length - 5} more blocked ${agreeing(blocked.length - 5, 'batch', 'batches')}`,
          `    all of them:  ${resolve(run, '*', 'retry')}`,
        ]
      : []),
  ];
}

function followLines({ follow, ...status }: RunStatus): string[] {
  if (follow === undefined || status.phase === 'rollback') return [];
  const frozen = follow.freeze?.outcome === 'frozen' ? [`  ${freezeLine(follow.freeze)}`] : [];
  const ahead = frozen.length > 0 || follow.lagAt === null ? [] : [`  ${existing({ ...status, follow })}`];
  return [...ahead, ...frozen, ...warningsOf(follow).map((line) => `${pc.yellow('!')} ${line}`)];
}

function gateLines(gate: string, status: RunStatus, code: string): string[] {
  const { run, gates = [gate] } = status;
  return [
    `${pc.yellow('!')} ${status.sentence}`,
    ...(gate === 'cutover' && status.follow !== undefined && status.follow.freeze?.outcome !== 'frozen'
      ? [
          `    ${expectedFreeze(status.follow)}`,
          `    try it, then release the writers:  ${drill(run)}`,
          `    do it:  ${cutOver(run, code)}`,
          ...cutoverOffers(status.follow).flatMap(({ how, terms }) => [
            `    do it ${how}, this attempt only:  ${cutOver(run, code, terms)}`,
            `    try it ${how}:  ${drill(run, terms)}`,
          ]),
        ]
      : []),
    ...gates.map((name) => `    ${approve(run, name, code)}`),
  ];
}

function bar(share: number): string {
  const filled = Math.round(share / 5);
  return '█'.repeat(filled) + '·'.repeat(20 - filled);
}

function since(status: RunStatus): string {
  const seconds = Math.max(0, Math.round((Date.parse(status.asOf) - Date.parse(status.startedAt)) / 1000));
  return duration(seconds);
}

export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(whole / 3600)}h${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
}

export function group(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}
