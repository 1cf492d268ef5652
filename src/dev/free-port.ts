import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the ranges from which systems hand out ports (Linux 32768, others 49152): a server that comes back after a crash
 * must find its port again, and there any outgoing connection could sit on it.
 */
const candidates = { from: 20_000, below: 32_000 };

/** Whether nobody listens on this port of the loopback address. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The first free one of `wanted`, else any free one that is not in `taken`. */
export async function freePort(
  wanted: readonly (number | null | undefined)[] = [],
  taken: readonly number[] = [],
): Promise<number> {
  for (const port of wanted) if (port != null && !taken.includes(port) && (await isFree(port))) return port;
  for (;;) {
    const port = randomInt(candidates.from, candidates.below);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
}
