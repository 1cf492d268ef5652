import { createServer } from 'node:net';

/** Whether nobody listens on this port of the loopback address. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The first free one of `wanted`, else one the system picks that is not in `taken`. */
export async function freePort(
  wanted: readonly (number | null | undefined)[] = [],
  taken: readonly number[] = [],
): Promise<number> {
  for (const port of wanted) if (port != null && !taken.includes(port) && (await isFree(port))) return port;
  for (;;) {
    const port = await systemPort();
    if (!taken.includes(port)) return port;
  }
}

function systemPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
