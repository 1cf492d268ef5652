import type { BlockedBatch, FindingSummary, TableProgress } from '../contract/run';
import { alike, type Alike } from './alike-findings';
import { isBadRowsBlock } from './blocked';
import { planDecisions } from './check-result';
import { cutOver } from './commands';
import { cutoverOffers } from './cutover-offers';
import { expectedFreeze, freezeLine, existing, warningsOf } from './follow-lines';
import { captureBlock } from './follow-view';
import type { RunView } from './run-view';
import { agreeing, counted } from '../report/counted';

/**
 * The operator's page as CommonMark without tables: where the run is, what it needs, and the exact JSON to paste. The
 * column that shows it is about 45 characters of code wide and cuts longer lines off, so JSON stands on several.
 */
export function currentDetails(view: RunView): string {
  const lines = [
    `**${view.run || view.plan}** · ${headline(view)} · as of ${clock(view.asOf)}`,
    '',
    ...(view.lastCommand === null ? [] : [`Last command: ${view.lastCommand}`, '']),
    ...alarms(view),
    ...following(view),
    ...stalled(view),
    ...(view.phase === 'done' ? foundByCheck(view) : needs(view)),
    ...tableLines(view.tables),
    ...(view.code === ''
      ? []
      : [`Plan code \`${view.code}\`. Cancel, Terminate and Reset undo nothing; \`abort\` does.`]),
  ];
  return lines.join('\n');
}

function headline(view: RunView): string {
  const share = view.phase === 'copy' ? overallShare(view.tables) : null;
  return share !== null ? `copy ${share} % · ${view.sentence}` : `${view.phase} · ${view.sentence}`;
}

/** Whole per cent of the estimated rows that have a receipt; null before anything is known. */
export function overallShare(tables: readonly TableProgress[]): number | null {
  const total = tables.reduce((sum, table) => sum + weight(table), 0);
  if (total === 0) return null;
  const done = tables.reduce((sum, table) => sum + weight(table) * tableShare(table), 0);
  return Math.floor((100 * done) / total);
}

function weight(table: TableProgress): number {
  return Math.max(table.estimatedRows, 1);
}

function tableShare(table: TableProgress): number {
  if (table.state === 'done') return 1;
  return table.batches === 0 ? 0 : table.batchesDone / table.batches;
}

/** Lag and what to know of it, from the moment the run follows; at its gate the question says so itself. */
function following(view: RunView): string[] {
  const { follow } = view;
  if (follow === undefined || view.phase === 'rollback') return [];
  const news =
    follow.lagAt === null || view.gate === 'cutover' ? [] : [`${existing(view)} (at ${clock(follow.lagAt)})`, ''];
  const frozen = follow.freeze?.outcome === 'frozen' ? [capital(freezeLine(follow.freeze)), ''] : [];
  return [
    ...news,
    ...frozen,
    ...warningsOf(follow).flatMap((line) => [`- ${line}`]),
    ...(warningsOf(follow).length > 0 ? [''] : []),
  ];
}

function alarms({ alarms: all = [] }: RunView): string[] {
  if (all.length === 0) return [];
  return [
    ...all.map((alarm) => `- **ALARM** ${alarm} This page may lack what it said; \`rowproof report\` has the ledger.`),
    '',
  ];
}

function stalled({ stalled: all = [] }: RunView): string[] {
  if (all.length === 0) return [];
  const few = all.slice(0, maxInFull).map(({ sentence }) => `- ${sentence}`);
  return [...few, ...(all.length > maxInFull ? [`- … and ${all.length - maxInFull} more that do not move`] : []), ''];
}

/** The run is over: what it found is decided in the plan. */
function foundByCheck(view: RunView): string[] {
  if (view.undecided.length === 0) return [];
  return [
    ...view.undecided.slice(0, maxInFull).map(({ id, sentence }) => `- \`${id}\`: ${sentence}`),
    ...(view.undecided.length > maxInFull ? [`- … and ${view.undecided.length - maxInFull} more`] : []),
    '',
    'Write these decisions into the plan, then start it again:',
    '',
    '```yaml',
    ...planDecisions(view.undecided.slice(0, maxInFull)),
    '```',
    '',
  ];
}

function needs(view: RunView): string[] {
  const asked = view.undecided.length + view.blocked.length + (view.gate === null ? 0 : 1);
  if (asked === 0) return [];
  return [
    `**NEEDS YOU (${asked})**${view.blocked.length > 0 ? '; the rest goes on' : ''}`,
    '',
    'More Actions → Send an Update → choose the name, paste the JSON, fill in `by` and `reason`.',
    '',
    ...(view.gate === null ? [] : gateLines(view, view.gate)),
    ...alike(view.undecided).flatMap(patternLines),
    ...firstFew(view.undecided, findingLines, 'more finding', '; decide these first.'),
    ...firstFew(view.blocked, blockedLines, 'more blocked batch', '; `"what": "*"` means all.'),
  ];
}

/** The web UI carries the page in an address: it has to stay short enough for a proxy in between. */
const maxInFull = 8;
const maxTables = 20;

function firstFew<T>(items: readonly T[], lines: (item: T) => string[], noun: string, hint: string): string[] {
  const shown = items.slice(0, maxInFull).flatMap(lines);
  return items.length > maxInFull ? [...shown, `… and ${counted(items.length - maxInFull, noun)}${hint}`, ''] : shown;
}

function gateLines(view: RunView, gate: string): string[] {
  return [
    ...(gate === 'cutover' && view.follow !== undefined ? cutoverQuestion(view) : []),
    ...(view.gateQuestion === '' ? [] : [view.gateQuestion ?? `Gate ${gate}`, '']),
    (view.gates ?? []).length > 1
      ? `Update **approve**; \`gate\` is ${choices(view.gates ?? [])}:`
      : 'Update **approve**:',
    '',
    ...block({ gate, code: view.code, by: '', reason: '' }),
    ...(gate === 'cutover' ? offerLines(view) : []),
    ...(gate === 'cutover' && view.follow?.freeze?.outcome !== 'frozen'
      ? ['Update **drill** tries everything, then releases the writers:', '', ...block({ by: '', reason: '' })]
      : []),
  ];
}

/** Settings that this approval may carry: what was missing in the last attempt, or what the last drill was done with. */
function offerLines(view: RunView): string[] {
  const offers = cutoverOffers(view.follow);
  return [
    ...offers.flatMap(({ how, terms }) => [
      `Or approve it ${how}:`,
      '',
      ...block({ gate: 'cutover', code: view.code, ...terms, by: '', reason: '' }),
      `\`${cutOver(view.run, view.code, terms)}\``,
      '',
    ]),
    ...(offers.length === 0
      ? []
      : ['`max_freeze` and `books` hold for this attempt only; update **drill** takes both, too.', '']),
  ];
}

/** What to know before approving the cutover, as of now. A source that was frozen first has no lag and no freeze ahead. */
function cutoverQuestion(view: RunView): string[] {
  const { follow } = view;
  if (follow === undefined || follow.freeze?.outcome === 'frozen') return [];
  const old =
    follow.provedAt !== null && Date.parse(view.asOf) - Date.parse(follow.provedAt) > follow.maxProofAgeMs
      ? ['The proof is older than the plan allows: it is repeated after the approval, before writes stop.', '']
      : [];
  return [`CUT OVER ${view.plan}?  ${existing(view)}`, '', expectedFreeze(follow), '', ...old];
}

function blockedLines(batch: BlockedBatch): string[] {
  if (batch.what === captureBlock) return captureLines(batch);
  if (isBadRowsBlock(batch.what))
    return [
      `\`${batch.mapping}\` is stopped: ${batch.why}`,
      '',
      'Decide its findings above, or raise the limit with the one that ends in `max_bad_rows`; to undo all of it, update **abort**:',
      '',
      ...block({ by: '', reason: '', then: 'rollback' }),
    ];
  return [
    `Batch \`${batch.what}\` is blocked: ${batch.why}`,
    '',
    'Update **resolve**; `do` is retry or quarantine:',
    '',
    ...block({ what: batch.what, do: 'retry', by: '', reason: '' }),
  ];
}

function captureLines({ what, why }: BlockedBatch): string[] {
  return [
    `Following is stopped: ${why}`,
    '',
    'Update **resolve**; `do` is resync (repairs the capture and reads again what it missed) or retry; or **abort**:',
    '',
    ...block({ what, do: 'resync', by: '', reason: '' }),
  ];
}

function findingLines(finding: FindingSummary): string[] {
  return [
    `Finding \`${finding.id}\`: ${finding.sentence}`,
    '',
    `Update **decide**; \`do\` is ${choices(finding.choices)}:`,
    '',
    ...block({
      finding: finding.id,
      do: finding.choices[0] ?? 'quarantine',
      expect: { rows: finding.rows },
      by: '',
      reason: '',
    }),
  ];
}

/** One decision for several alike, beside one each. */
function patternLines({ pattern, findings, rows }: Alike): string[] {
  const [first] = findings;
  return [
    `${findings.length} findings are alike: \`${pattern}\` decides them at once.`,
    '',
    ...block({ finding: pattern, do: first?.choices[0] ?? 'quarantine', expect: { rows }, by: '', reason: '' }),
  ];
}

function choices(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** Lines of tables that did not change since: most events are of something else, and there may be thousands of tables. */
const linesOfTables = new WeakMap<readonly TableProgress[], readonly string[]>();

function tableLines(tables: readonly TableProgress[]): readonly string[] {
  const known = linesOfTables.get(tables);
  if (known !== undefined) return known;
  const lines = describeTables(tables);
  linesOfTables.set(tables, lines);
  return lines;
}

function describeTables(tables: readonly TableProgress[]): string[] {
  if (tables.every((table) => table.state === 'waiting')) return [];
  const running = tables.filter((table) => table.state === 'running');
  const shown = [...running, ...tables.filter((table) => table.state === 'done')];
  return [
    ...shown
      .slice(0, maxTables)
      .map(
        (table) =>
          `- ${table.mapping}: ${table.state === 'done' ? 'done' : `${table.batchesDone} of ${counted(table.batches, 'batch')}`}` +
          `, ${group(table.migrated)} migrated, ${group(table.quarantined)} quarantined, ${group(table.outOfScope)} out of scope`,
      ),
    ...(shown.length > maxTables
      ? [`- … and ${shown.length - maxTables} more ${agreeing(shown.length - maxTables, 'table', 'tables')}`]
      : []),
    '',
  ];
}

function block(message: Readonly<Record<string, unknown>>): string[] {
  const members = Object.entries(message).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return ['```json', '{', members.join(',\n'), '}', '```', ''];
}

function group(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function clock(iso: string): string {
  return `${iso.slice(11, 19)} UTC`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
