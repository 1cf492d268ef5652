import { CommanderError } from 'commander';
import { exitCodes } from './exit-codes';
import { createProgram } from './program';
import { print, type OutputFormat, type Terminal } from './terminal';

/** Runs one command line, as `process.argv` has it, on a terminal; resolves to its exit code. */
export async function runProgram(
  argv: readonly string[],
  openTerminal: (output: OutputFormat) => Terminal,
): Promise<number> {
  let code: number = exitCodes.ok.code;
  const program = createProgram(async (output, work) => {
    const terminal = openTerminal(output);
    try {
      const result = await work(terminal);
      print(terminal, result);
      code = result.exit ?? exitCodes.ok.code;
    } catch (error) {
      const { reportError } = await import('./screen/render-error');
      if ((terminal.env['ROWPROOF_DEBUG'] ?? '') !== '')
        terminal.talk(error instanceof Error ? (error.stack ?? error.message) : String(error));
      code = await reportError(terminal, error);
    }
  });
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code;
  }
  return code;
}
