#!/usr/bin/env node
import { runProgram } from './run-program';
import { processTerminal } from './terminal';

// a reader such as `head` that closes the pipe early is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

void runProgram(process.argv, processTerminal).then((code) => {
  process.exitCode = code;
});
