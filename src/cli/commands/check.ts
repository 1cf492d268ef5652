import pc from 'picocolors';
import { exitCodes } from '../exit-codes';
import { planArgument } from '../plan-argument';
import { renderProblem } from '../screen/render-error';
import type { CommandResult, Terminal } from '../terminal';
import { counted } from '../../report/counted';

/** A plan against its live catalogs: every problem and warning at once. Reads only. */
export async function check(terminal: Terminal, planPath: string): Promise<CommandResult> {
  const { readPlan } = await import('../../engine/run/read-plan');
  const { checkPlan } = await import('../../engine/run/check-plan');
  const read = await readPlan(planArgument(terminal.cwd, planPath), terminal.env);
  const { compiled, problems } = await checkPlan(read, terminal.env);
  const errors = problems.filter(({ severity }) => severity === 'error');
  const warnings = problems.filter(({ severity }) => severity === 'warning');
  const verdict =
    errors.length === 0
      ? `${pc.green('✓')} plan ${read.plan.name} ${read.digest.code}: ${counted(read.plan.mappings.length, 'table')}, no problem, ${counted(warnings.length, 'warning')}`
      : `${pc.red('✗')} plan ${read.plan.name}: ${counted(errors.length, 'problem')}, ${counted(warnings.length, 'warning')}`;
  return {
    exit: errors.length === 0 ? exitCodes.ok.code : exitCodes.usage.code,
    data: {
      plan: read.plan.name,
      code: read.digest.code,
      ok: errors.length === 0,
      tables: compiled?.mappings.map((mapping) => mapping.name) ?? read.plan.mappings.map((mapping) => mapping.name),
      problems: problems.map(({ problem, severity }) => ({ severity, ...problem })),
    },
    text: [
      ...problems.map(
        ({ problem, severity }) => `${severity === 'warning' ? pc.yellow('warning ') : ''}${renderProblem(problem)}`,
      ),
      verdict,
    ].join('\n'),
  };
}
