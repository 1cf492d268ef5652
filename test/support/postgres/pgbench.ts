import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findPostgres } from '../../../src/dev/find-postgres';
import { clusterOwner } from '../../../src/dev/unprivileged-user';
import { runCommand } from '../command';

/** An outside client: pgbench with its own schema and script, and psql to look at the result without any code of ours. */
export interface Pgbench {
  /** Path of pgbench itself. */
  readonly program: string;
  /** pgbench's own tables in the database of `url`; history gets the key that it lacks. */
  initialize(url: string, scale: number): Promise<void>;
  /** Writes with 4 clients at `rate` transactions a second until it is stopped or refused. */
  start(url: string, rate: number, ...more: string[]): PgbenchRun;
  /** Runs psql with one script; raises when psql does. */
  psql(url: string, script: string, cwd: string): Promise<string>;
}

export interface PgbenchRun {
  readonly child: ChildProcess;
  /** Resolves to what it said once it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly text: string; readonly transactions: number }>;
}

/** Null where this machine has no pgbench or psql. */
export async function findPgbench(): Promise<Pgbench | null> {
  const found = await findPostgres(clusterOwner());
  const folder = found
    .map((binaries) => binaries.folder)
    .find((each) => existsSync(join(each, 'pgbench')) && existsSync(join(each, 'psql')));
  if (folder === undefined) return null;
  const psql = async (url: string, script: string, cwd: string): Promise<string> => {
    const args = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url, '-f', '-'];
    const said = await runCommand(join(folder, 'psql'), args, { cwd, input: script, timeoutMs: 120_000 });
    if (said.code !== 0) throw new Error(said.stderr);
    return said.stdout;
  };
  return {
    program: join(folder, 'pgbench'),
    psql,
    initialize: async (url, scale) => {
      const said = await runCommand(join(folder, 'pgbench'), ['-i', '-q', '-s', String(scale), url], {
        timeoutMs: 300_000,
      });
      if (said.code !== 0) throw new Error(said.stderr);
      await psql(
        url,
        'alter table public.pgbench_history add column hid bigint generated always as identity primary key;',
        folder,
      );
    },
    start: (url, rate, ...more) => {
      const args = ['-n', '-c', '4', '-j', '1', '-R', String(rate), '-T', '3600', ...more, url];
      const child = spawn(join(folder, 'pgbench'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
      child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
      const ended = new Promise<number | null>((done, failed) => child.on('close', done).on('error', failed));
      return {
        child,
        ended: ended.then((code) => ({
          code,
          text,
          transactions: Number(/number of transactions actually processed: (\d+)/.exec(text)?.[1] ?? NaN),
        })),
      };
    },
  };
}
