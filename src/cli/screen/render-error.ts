import pc from 'picocolors';
import { catalogue } from '../../errors/catalogue';
import type { Refusal } from '../../errors/refusal-sentence';
import { RowproofError, type Problem } from '../../errors/rowproof-error';
import { exitCodes } from '../exit-codes';
import type { Terminal } from '../terminal';

/** Prints what, where, why, fix and code of every problem; returns the exit code. JSON goes to stdout for programs. */
export async function reportError(terminal: Terminal, error: unknown): Promise<number> {
  const problems = await problemsOf(error);
  if (terminal.output === 'text') {
    for (const problem of problems) terminal.talk(renderProblem(problem));
  } else {
    const document = { error: { problems } };
    terminal.out(terminal.output === 'json' ? JSON.stringify(document, null, 2) : JSON.stringify(document));
  }
  const [first] = problems;
  return first !== undefined && first.code in catalogue
    ? catalogue[first.code as keyof typeof catalogue].exit
    : exitCodes.internal.code;
}

interface ShownProblem extends Omit<Problem, 'code'> {
  readonly code: string;
}

async function problemsOf(error: unknown): Promise<readonly ShownProblem[]> {
  if (error instanceof RowproofError) return error.problems;
  const refused = await refusedStatement(error);
  if (refused !== null) return [refused];
  return [
    {
      code: 'RP9000',
      what: `Unexpected error: ${error instanceof Error ? `${error.name}${codeOf(error)}` : typeof error}`,
      where: null,
      why: 'This is a bug in rowproof. Its text is not shown because it may hold row values; ROWPROOF_DEBUG=1 shows it.',
      fix: 'Report it with the command you ran. The ledger has everything; nothing is lost.',
    },
  ];
}

/** A statement that a database refused during a command, by the names that may be said of it. */
async function refusedStatement(error: unknown): Promise<Problem | null> {
  const { describeRefusal } = await import('../../postgres/refusal');
  if (describeRefusal(error) === null) return null;
  const { functionBehind } = await import('../../postgres/queries/discovery/function-behind');
  const { problem } = await import('../../errors/rowproof-error');
  const { refusalAdvice, refusalSentence } = await import('../../errors/refusal-sentence');
  const refusal = describeRefusal(error, await functionBehind(error)) as Refusal;
  const advice = refusalAdvice(refusal);
  return problem('RP9020', refusalSentence(refusal), {
    where: refusal.label === null ? null : { object: refusal.label },
    ...(advice === null ? {} : { fix: advice }),
  });
}

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? ` ${code}` : '';
}

export function renderProblem(problem: ShownProblem): string {
  const lines = [`${pc.red('✗')} ${pc.bold(problem.what)}`];
  const where = renderWhere(problem);
  if (where !== null) lines.push(`  where  ${where}`);
  lines.push(`  why    ${problem.why}`, `  fix    ${problem.fix}`, pc.dim(`  code   ${problem.code}`));
  return lines.join('\n');
}

function renderWhere(problem: Pick<Problem, 'where'>): string | null {
  const { where } = problem;
  if (where === null) return null;
  const position =
    where.file === undefined
      ? null
      : [where.file, where.line, where.column].filter((part) => part !== undefined).join(':');
  return [position, where.object].filter((part) => part != null).join('  ') || null;
}
