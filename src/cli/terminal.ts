import { namingPlan } from './naming-plan';

/** What a command may use of the outside; one object, so that a test can run commands in a process of its own. */
export interface Terminal {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Data: what a program reads. */
  readonly out: (text: string) => void;
  /** Talk: progress, hints, errors. */
  readonly talk: (line: string) => void;
  /** A person reads stderr live. */
  readonly live: boolean;
  /** A person can answer questions. */
  readonly interactive: boolean;
  readonly output: OutputFormat;
  /** How this command found its run: what it prints as commands has to find it the same way. */
  readonly found: { plan: string | null };
}

export type OutputFormat = 'text' | 'json' | 'ndjson';

/** What a command ends with. `text` is what a person reads, `data` what a program reads. */
export interface CommandResult {
  readonly data: unknown;
  readonly text: string;
  /** Exit code, see docs/cli.md; 0 when absent. */
  readonly exit?: number;
}

/** Where texts go: data and talk, as stdout and stderr of a process. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly talk: (text: string) => void;
}

export function processTerminal(output: OutputFormat, streams: Streams): Terminal {
  const found: Terminal['found'] = { plan: null };
  return {
    found,
    env: process.env,
    cwd: process.cwd(),
    out: (text) => streams.out(text.endsWith('\n') ? text : `${text}\n`),
    talk: (line) => streams.talk(`${namingPlan(line, found.plan)}\n`),
    live: process.stderr.isTTY === true && output === 'text',
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true && output === 'text',
    output,
  };
}

export function print(terminal: Terminal, result: CommandResult): void {
  if (terminal.output === 'text') {
    if (result.text !== '') terminal.out(namingPlan(result.text, terminal.found.plan));
    return;
  }
  terminal.out(terminal.output === 'json' ? JSON.stringify(result.data, null, 2) : JSON.stringify(result.data));
}
