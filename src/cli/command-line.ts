import { CommanderError } from 'commander';
import { exitCodes } from './exit-codes';
import { createProgram } from './program';
import { print, processTerminal, type Streams } from './terminal';

/** Runs one command line, without the program's own name, to its end; what it ends with is the exit code. */
export async function runCommandLine(args: readonly string[], streams: Streams): Promise<number> {
  let code: number = exitCodes.ok.code;
  const program = createProgram(async (output, work) => {
    const terminal = processTerminal(output, streams);
    try {
      const result = await work(terminal);
      print(terminal, result);
      code = result.exit ?? exitCodes.ok.code;
    } catch (error) {
      const { reportError } = await import('./screen/render-error');
      if ((process.env['ROWPROOF_DEBUG'] ?? '') !== '')
        terminal.talk(error instanceof Error ? (error.stack ?? error.message) : String(error));
      code = await reportError(terminal, error);
    }
  });
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ writeOut: streams.out, writeErr: streams.talk });
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code;
  }
  return code;
}
