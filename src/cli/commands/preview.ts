import pc from 'picocolors';
import { fail } from '../../errors/rowproof-error';
import { wholeNumber } from '../number-option';
import { planArgument } from '../plan-argument';
import type { CommandResult, Terminal } from '../terminal';

export interface PreviewOptions {
  readonly plan: string;
  readonly limit: string;
}

/** Rows of one table before and after, read in a transaction that the server keeps read-only. Values go to this screen only. */
export async function preview(terminal: Terminal, table: string, options: PreviewOptions): Promise<CommandResult> {
  const limit = wholeNumber('--limit', options.limit, 1, 10_000);
  const { compile, readPlan, withSession } = await import('../../engine/run/read-plan');
  const { bindStatement } = await import('../../compile/statements/bind-statement');
  const { readRows } = await import('../../postgres/read-rows');
  const { inTransaction } = await import('../../postgres/transaction');
  const { RowproofError } = await import('../../errors/rowproof-error');
  const read = await readPlan(planArgument(terminal.cwd, options.plan), terminal.env);
  const { compiled, problems } = compile(read);
  if (compiled === null)
    throw new RowproofError(problems.filter(({ severity }) => severity === 'error').map(({ problem }) => problem));
  const mapping = compiled.mappings.find(
    ({ name, target }) => name === table || `${target.schema}.${target.name}` === table,
  );
  if (mapping === undefined) {
    throw fail('RP4207', `The plan has no table ${table}.`, {
      fix: `Name one of ${compiled.mappings.map(({ name }) => name).join(', ')}.`,
    });
  }
  const spec = compiled.plan.sources[mapping.source];
  if (spec === undefined) throw fail('RP2001', `The plan has no source ${mapping.source}.`);
  const rows = await withSession(spec, terminal.env, 'preview', (session) =>
    inTransaction(session, 'repeatable read read only', () =>
      readRows(session, bindStatement(mapping.statements.preview, { limit })),
    ),
  );
  const previews = rows.map((row) => {
    const before = row.slice(1, 1 + mapping.rawColumns.length);
    const after = row.slice(1 + mapping.rawColumns.length, 1 + mapping.rawColumns.length + mapping.columns.length);
    const reasons = (row.at(-1) ?? '')
      .replace(/[{}]/g, '')
      .split(',')
      .filter((part) => part !== '');
    return {
      key: row[0] ?? null,
      before: Object.fromEntries(mapping.rawColumns.map((column, at) => [column.name, before[at] ?? null])),
      after: Object.fromEntries(mapping.columns.map((column, at) => [column.target, after[at] ?? null])),
      reasons: reasons.map(
        (index) => mapping.reasons.find((reason) => reason.index === Number(index))?.finding ?? index,
      ),
    };
  });
  return {
    data: { table: mapping.name, rows: previews },
    text: previews.map((row) => render(row)).join('\n') || 'The source table has no row in scope.',
  };
}

function render(row: {
  key: string | null;
  before: Record<string, string | null>;
  after: Record<string, string | null>;
  reasons: string[];
}): string {
  const side = (values: Record<string, string | null>): string =>
    Object.entries(values)
      .map(([name, value]) => `${pc.dim(name)} ${value === null ? pc.dim('NULL') : JSON.stringify(value)}`)
      .join('  ');
  const outcome =
    row.reasons.length === 0
      ? `${pc.green('→')} ${side(row.after)}`
      : `${pc.red('✗')} quarantine: ${row.reasons.join(', ')}`;
  return `${pc.bold(row.key ?? '')}\n  ${side(row.before)}\n  ${outcome}`;
}
