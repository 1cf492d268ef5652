import type { FindingSummary, TableProgress } from '../contract/run';
import type { RunView } from './run-view';

/** The operator's page as CommonMark without tables: where the run is, what it needs, and the exact JSON to paste. */
export function currentDetails(view: RunView): string {
  const lines = [
    `**${view.run || view.plan}** · ${headline(view)} · as of ${clock(view.asOf)}, press R`,
    '',
    ...(view.lastCommand === null ? [] : [`Last command: ${view.lastCommand}`, '']),
    ...needs(view),
    ...tables(view),
    `Plan code \`${view.code}\`. Updates: approve, decide, resolve, abort. Signals: pause, resume.`,
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
    ...(view.gate === null ? [] : gateLines(view, view.gate)),
    ...view.undecided.slice(0, 20).flatMap(findingLines),
    ...(view.undecided.length > 20
      ? [`… and ${view.undecided.length - 20} more findings; decide these first.`, '']
      : []),
    ...view.blocked
      .slice(0, 20)
      .flatMap((batch) => [
        `Batch \`${batch.what}\`: ${batch.why}`,
        '',
        'Send an Update → `resolve` → paste, fill in by and reason (`do`: retry or quarantine):',
        '',
        ...block({ what: batch.what, do: 'retry', by: '', reason: '' }),
      ]),
    ...(view.blocked.length > 20
      ? [`… and ${view.blocked.length - 20} more blocked batches; \`"what": "*"\` means all.`, '']
      : []),
  ];
}

function gateLines(view: RunView, gate: string): string[] {
  return [
    view.gateQuestion ?? `Gate ${gate}`,
    '',
    'Send an Update → `approve` → paste, fill in by and reason:',
    '',
    ...block({ gate, code: view.code, by: '', reason: '' }),
  ];
}

function findingLines(finding: FindingSummary): string[] {
  return [
    `Finding \`${finding.id}\`: ${finding.sentence}`,
    '',
    `Send an Update → \`decide\` → paste, fill in by and reason (\`do\`: ${finding.choices.join(' or ')}):`,
    '',
    ...block({
      finding: finding.id,
      do: finding.choices[0] ?? 'quarantine',
      expect: { rows: finding.rows, tolerance: 0 },
      by: '',
      reason: '',
    }),
  ];
}

function tables(view: RunView): string[] {
  if (view.tables.every((table) => table.state === 'waiting')) return [];
  const shown = view.tables.filter((table) => table.state !== 'waiting');
  return [
    ...shown
      .slice(0, 40)
      .map(
        (table) =>
          `- ${table.mapping}: ${table.state === 'done' ? 'done' : `${table.batchesDone} of ${table.batches} batches`}` +
          `, ${group(table.migrated)} migrated, ${group(table.quarantined)} quarantined, ${group(table.outOfScope)} out of scope`,
      ),
    ...(shown.length > 40 ? [`- … and ${shown.length - 40} more tables`] : []),
    '',
  ];
}

function block(message: unknown): string[] {
  return ['```json', JSON.stringify(message), '```', ''];
}

function group(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function clock(iso: string): string {
  return `${iso.slice(11, 19)} UTC`;
}
