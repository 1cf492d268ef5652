#!/usr/bin/env node
import { runCommandLine } from './command-line';

// a reader such as `head` that closes the pipe early is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

async function main(): Promise<void> {
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    out: (text) => void process.stdout.write(text),
    talk: (text) => void process.stderr.write(text),
  });
}

void main();
