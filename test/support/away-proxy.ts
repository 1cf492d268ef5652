import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** A database server that a test takes away and gives back, as a network does: connections end, new ones are cut off. */
export interface AwayProxy {
  /** The url with this proxy's port. */
  readonly url: string;
  away(): void;
  back(): void;
  close(): void;
}

export async function openAwayProxy(url: string): Promise<AwayProxy> {
  const to = new URL(url);
  const sockets = new Set<Socket>();
  let reachable = true;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    return socket;
  };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((socket) => {
    const client = keep(socket);
    if (!reachable) return void client.destroy();
    const upstream = keep(connect(Number(to.port), to.hostname));
    client.pipe(upstream).pipe(client);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String((server.address() as AddressInfo).port);
  return {
    url: through.toString(),
    away: () => {
      reachable = false;
      cut();
    },
    back: () => {
      reachable = true;
    },
    close: () => {
      cut();
      server.close();
    },
  };
}
