#!/usr/bin/env node
import { CommanderError } from 'commander';
import { exitCodes } from './exit-codes';
import { createProgram } from './program';
import { print, processTerminal } from './terminal';

// a reader such as `head` that closes the pipe early is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

async function main(argv: readonly string[]): Promise<void> {
  const program = createProgram(async (output, work) => {
    const terminal = processTerminal(output);
    try {
      const result = await work(terminal);
      print(terminal, result);
      process.exitCode = result.exit ?? exitCodes.ok.code;
    } catch (error) {
      const { reportError } = await import('./render-error');
      if ((process.env['ROWPROOF_DEBUG'] ?? '') !== '')
        terminal.talk(error instanceof Error ? (error.stack ?? error.message) : String(error));
      process.exitCode = await reportError(terminal, error);
    }
  });
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code;
  }
}

void main(process.argv);
