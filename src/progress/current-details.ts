import type { BlockedBatch, FindingSummary, TableProgress } from '../contract/run';
import type { RunView } from './run-view';

/**
 * The operator's page as CommonMark without tables: where the run is, what it needs, and the exact JSON to paste. The
 * column that shows it is about 45 characters of code wide and cuts longer lines off, so JSON stands on several.
 */
export function currentDetails(view: RunView): string {
  const lines = [
    `**${view.run || view.plan}** · ${headline(view)} · as of ${clock(view.asOf)}`,
    '',
    ...(view.lastCommand === null ? [] : [`Last command: ${view.lastCommand}`, '']),
    ...needs(view),
    ...tables(view),
    ...(view.code === ''
      ? []
      : [`Plan code \`${view.code}\`. Cancel, Terminate and Reset undo nothing; \`abort\` does.`]),
  ];
  return lines.join('\n');
}

function headline(view: RunView): string {
  const share = overallShare(view.tables);
  return view.phase === 'copy' && share !== null
    ? `copy ${share} % · ${view.sentence}`
    : `${view.phase} · ${view.sentence}`;
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

function needs(view: RunView): string[] {
  const asked = view.undecided.length + view.blocked.length + (view.gate === null ? 0 : 1);
  if (asked === 0) return [];
  return [
    `**NEEDS YOU (${asked})**${view.blocked.length > 0 ? '; the rest goes on' : ''}`,
    '',
    'More Actions → Send an Update → choose the name, paste the JSON, fill in `by` and `reason`.',
    '',
    ...(view.gate === null ? [] : gateLines(view, view.gate)),
    ...firstFew(view.undecided, findingLines, 'findings; decide these first.'),
    ...firstFew(view.blocked, blockedLines, 'blocked batches; `"what": "*"` means all.'),
  ];
}

/** The web UI carries the page in an address: it has to stay short enough for a proxy in between. */
const mostInFull = 8;
const mostTables = 20;

function firstFew<T>(items: readonly T[], lines: (item: T) => string[], rest: string): string[] {
  const shown = items.slice(0, mostInFull).flatMap(lines);
  return items.length > mostInFull ? [...shown, `… and ${items.length - mostInFull} more ${rest}`, ''] : shown;
}

function gateLines(view: RunView, gate: string): string[] {
  return [
    view.gateQuestion ?? `Gate ${gate}`,
    '',
    'Update **approve**:',
    '',
    ...block({ gate, code: view.code, by: '', reason: '' }),
  ];
}

function blockedLines(batch: BlockedBatch): string[] {
  return [
    `Batch \`${batch.what}\` is blocked: ${batch.why}`,
    '',
    'Update **resolve**; `do` is retry or quarantine:',
    '',
    ...block({ what: batch.what, do: 'retry', by: '', reason: '' }),
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

function choices(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

function tables(view: RunView): string[] {
  if (view.tables.every((table) => table.state === 'waiting')) return [];
  const running = view.tables.filter((table) => table.state === 'running');
  const shown = [...running, ...view.tables.filter((table) => table.state === 'done')];
  return [
    ...shown
      .slice(0, mostTables)
      .map(
        (table) =>
          `- ${table.mapping}: ${table.state === 'done' ? 'done' : `${table.batchesDone} of ${table.batches} batches`}` +
          `, ${group(table.migrated)} migrated, ${group(table.quarantined)} quarantined, ${group(table.outOfScope)} out of scope`,
      ),
    ...(shown.length > mostTables ? [`- … and ${shown.length - mostTables} more tables`] : []),
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
