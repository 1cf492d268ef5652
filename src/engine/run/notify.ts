import { spawn } from 'node:child_process';
import type { Hook } from '../../contract/resolved-plan';

const timeoutMs = 15_000;

/**
 * Calls a hook with a small JSON message (run, plan, kind, sentence; no row data), by POST or on a command's stdin. The
 * idempotency key lets the receiver drop a repeated call. Returns null, or in a few words what went wrong.
 */
export async function callHook(
  hook: Hook,
  env: NodeJS.ProcessEnv,
  message: Readonly<Record<string, string>>,
  idempotencyKey: string,
): Promise<string | null> {
  try {
    if (hook.http !== null) return await post(expand(hook.http, env), message, idempotencyKey);
    if (hook.command !== null) return await run(hook.command, env, message, idempotencyKey);
    return null;
  } catch (error) {
    return error instanceof Error ? error.name : 'failed';
  }
}

async function post(url: string, message: unknown, key: string): Promise<string | null> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ text: sentenceOf(message), ...(message as object) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  return response.ok ? null : `HTTP ${response.status}`;
}

function run(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  message: unknown,
  key: string,
): Promise<string | null> {
  return new Promise((resolve) => {
    const [file, ...args] = command;
    const child = spawn(file as string, args, {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...env, ROWPROOF_IDEMPOTENCY_KEY: key },
      timeout: timeoutMs,
    });
    child.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? 'cannot start'));
    child.on('close', (code, signal) => resolve(code === 0 ? null : `exit ${code ?? signal}`));
    child.stdin.on('error', () => undefined);
    child.stdin.end(JSON.stringify(message));
  });
}

function sentenceOf(message: unknown): string {
  const { run: id, sentence } = message as { run?: string; sentence?: string };
  return `${id ?? ''}: ${sentence ?? ''}`;
}

function expand(template: string, env: NodeJS.ProcessEnv): string {
  return template.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => env[name] ?? '');
}
