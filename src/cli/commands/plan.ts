import pc from 'picocolors';
import type { Explanation } from '../../compile/explain/explain-plan';
import { duration, group } from '../screen/live-view';
import { planArgument } from '../plan-argument';
import type { CommandResult, Terminal } from '../terminal';

/** What a run would do, on each side: statements with their locks, what stays behind, disk and time. */
export async function plan(terminal: Terminal, planPath: string, options: { sql?: boolean }): Promise<CommandResult> {
  const { compile, readPlan } = await import('../../engine/run/read-plan');
  const { explainPlan } = await import('../../compile/explain/explain-plan');
  const { RowproofError } = await import('../../errors/rowproof-error');
  const read = await readPlan(planArgument(terminal.cwd, planPath), terminal.env);
  const { compiled, problems } = compile(read);
  if (compiled === null) {
    throw new RowproofError(problems.filter(({ severity }) => severity === 'error').map(({ problem }) => problem));
  }
  const explanation = explainPlan(compiled, read.catalogs);
  return { data: explanation, text: render(explanation, options.sql === true) };
}

function render(explanation: Explanation, withSql: boolean): string {
  const lines = [
    `${pc.bold(`plan ${explanation.plan} ${explanation.code}`)}`,
    '',
    pc.bold('Statements, in the order of the run'),
  ];
  for (const statement of explanation.statements) {
    const side = statement.side === 'source' ? `source ${statement.connection ?? ''}` : 'target';
    lines.push(
      `  ${side.trim().padEnd(16)} ${(statement.mapping ?? '').padEnd(20)} ${statement.purpose}  ${pc.dim(statement.lock)}`,
    );
    if (withSql) lines.push(...statement.sql.split('\n').map((line) => `      ${line}`), '');
  }
  lines.push('', pc.bold('What stays behind'));
  for (const left of explanation.leftBehind) lines.push(`  ${left.side.padEnd(8)} ${left.what} (${left.until})`);
  lines.push('', pc.bold('Disk and time'));
  for (const table of explanation.tables) {
    const time = (range: { from: number; to: number }): string => `${duration(range.from)} to ${duration(range.to)}`;
    lines.push(
      `  ${table.mapping.padEnd(20)} ${group(table.rows).padStart(14)} rows  ${size(table.bytes)} table, ${size(table.indexBytes)} indexes, ` +
        `${size(table.sortBytes)} temporary; copy ${time(table.copySeconds)}, proof ${time(table.proofSeconds)}`,
    );
  }
  lines.push('', ...explanation.basis.map((line) => pc.dim(`  ${line}`)));
  return lines.join('\n');
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
