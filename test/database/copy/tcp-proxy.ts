import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** One proxied connection: what the client sent goes through `fromClient`, what the server sent through `fromServer`. */
export interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** True once the network between both is gone: closing one side tells the other nothing. */
  cut: boolean;
}

export interface Proxy {
  /** The url with this proxy's port. */
  readonly url: string;
  close(): void;
}

/** A TCP proxy before a PostgreSQL server. A handler that returns false swallows the chunk. */
export async function openProxy(
  url: string,
  handlers: {
    readonly fromClient?: (chunk: Buffer, link: Link) => boolean;
    readonly fromServer?: (chunk: Buffer, link: Link) => boolean;
  },
): Promise<Proxy> {
  const to = new URL(url);
  const links: Link[] = [];
  const server = createServer((client) => {
    const upstream = connect(Number(to.port), to.hostname);
    const link: Link = { client, server: upstream, cut: false };
    links.push(link);
    client.on('error', () => undefined);
    upstream.on('error', () => undefined);
    client.on('data', (chunk: Buffer) => {
      if (!link.cut && handlers.fromClient?.(chunk, link) !== false) upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      if (!link.cut && handlers.fromServer?.(chunk, link) !== false) client.write(chunk);
    });
    client.on('close', () => link.cut || upstream.destroy());
    upstream.on('close', () => link.cut || client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  return {
    url: through.toString(),
    close() {
      for (const { client, server: upstream } of links) {
        client.destroy();
        upstream.destroy();
      }
      server.close();
    },
  };
}
