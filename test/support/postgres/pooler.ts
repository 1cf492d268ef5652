import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';

export interface TestPooler {
  readonly port: number;
  close(): Promise<void>;
}

/** A session on the server that the pool deals out. */
interface Backend {
  readonly client: Client;
  readonly stream: Socket;
}

/**
 * A small connection pooler, as PgBouncer is one: a client gets a backend for a transaction or for its session. It takes any
 * password, and answers for the database `pgbouncer` as PgBouncer does.
 */
export async function startPooler(
  serverUrl: string,
  options: { mode: 'transaction' | 'session'; size: number; roundRobin?: boolean },
): Promise<TestPooler> {
  const idle: Backend[] = [];
  const all: Backend[] = [];
  const waiting: ((backend: Backend) => void)[] = [];
  const sockets = new Set<Socket>();

  const acquire = async (): Promise<Backend> => {
    const free = options.roundRobin === true ? idle.shift() : idle.pop();
    if (free !== undefined) return free;
    if (all.length < options.size) {
      const client = new Client({ connectionString: serverUrl });
      client.on('error', () => undefined);
      const backend = { client, stream: (client as unknown as { connection: { stream: Socket } }).connection.stream };
      all.push(backend);
      await client.connect();
      backend.stream.removeAllListeners('data');
      return backend;
    }
    return new Promise((resolve) => waiting.push(resolve));
  };
  const release = (backend: Backend): void => {
    backend.stream.removeAllListeners('data');
    const next = waiting.shift();
    if (next === undefined) idle.push(backend);
    else next(backend);
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let started = false;
    let backend: Backend | undefined;
    let work = Promise.resolve();
    const forward = async (data: Buffer): Promise<void> => {
      if (data[0] === 0x58) {
        socket.end();
        return;
      }
      if (backend === undefined) {
        backend = await acquire();
        const reply = messages((type, status) => {
          if (type === 'Z' && status === 'I' && options.mode === 'transaction' && backend !== undefined) {
            const done = backend;
            backend = undefined;
            release(done);
          }
        });
        backend.stream.on('data', (chunk: Buffer) => {
          socket.write(chunk);
          reply(chunk);
        });
      }
      backend.stream.write(data);
    };
    socket.on('data', (data: Buffer) => {
      if (started) {
        work = work.then(() => forward(data));
      } else if (data.readInt32BE(4) === 80877103) {
        socket.write('N');
      } else {
        started = true;
        socket.write(greeting(data.includes('database\0pgbouncer\0')));
      }
    });
    socket.on('close', () => {
      sockets.delete(socket);
      if (backend !== undefined) void backend.client.end().catch(() => undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      for (const { stream } of all) stream.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function greeting(virtual: boolean): Buffer {
  if (virtual) return message('E', Buffer.from('SFATAL\0C08P01\0Mnot allowed\0\0'));
  const key = Buffer.alloc(8);
  key.writeInt32BE(4_000_000, 0);
  return Buffer.concat([
    message('R', Buffer.alloc(4)),
    message('S', Buffer.from('server_version\x0015.0\0')),
    message('K', key),
    message('Z', Buffer.from('I')),
  ]);
}

/** Tells each whole message of a stream: its type and the first byte of its body. */
function messages(tell: (type: string, status: string) => void): (chunk: Buffer) => void {
  let pending = Buffer.alloc(0);
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 5 && pending.length >= pending.readInt32BE(1) + 1) {
      const end = pending.readInt32BE(1) + 1;
      const [type, status] = [pending.toString('latin1', 0, 1), pending.toString('latin1', 5, 6)];
      pending = pending.subarray(end);
      tell(type, status);
    }
  };
}
