import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What `settings.switch` calls in a test: keeps the idempotency key of each call, and answers as it is told. */
export interface SwitchHook {
  readonly url: string;
  calls: (string | undefined)[];
  /** Status of its answers. */
  answers: number;
  /** It answers once this has come. */
  may: Promise<void>;
  reset(): void;
  close(): void;
}

export async function openSwitchHook(): Promise<SwitchHook> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      hook.calls.push(request.headers['idempotency-key'] as string | undefined);
      void hook.may.then(() => {
        response.statusCode = hook.answers;
        response.end();
      });
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const fresh = { calls: [], answers: 200, may: Promise.resolve() };
  const hook: SwitchHook = {
    ...fresh,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reset: () => void Object.assign(hook, fresh, { calls: [] }),
    close: () => void server.close(),
  };
  return hook;
}
