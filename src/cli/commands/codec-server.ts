import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Payload } from '@temporalio/common';
import { fail } from '../../errors/rowproof-error';
import { loadCodec } from '../../worker/codec/load-codec';
import type { CommandResult, Terminal } from '../terminal';

export interface CodecServerOptions {
  /** `host:port`. */
  readonly listen: string;
  /** Origins of the Temporal UI. */
  readonly origin: string[];
}

/** As Temporal's UI and CLI send them: bytes in base64. */
interface Sent {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

const maxBodyBytes = 16 * 1024 * 1024;

/** Encodes and decodes payloads for the Temporal UI, until it is told to stop. Answers pages of the given origins only. */
export async function codecServer(terminal: Terminal, options: CodecServerOptions): Promise<CommandResult> {
  const codec = loadCodec(terminal.env);
  const [, host, port] = /^(.+):(\d+)$/.exec(options.listen) ?? [];
  if (host === undefined) throw fail('RP9001', '--listen takes HOST:PORT.');
  const work = { '/encode': codec.encode.bind(codec), '/decode': codec.decode.bind(codec) };
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { origin } = request.headers;
    if (origin !== undefined && !options.origin.includes(origin)) return void response.writeHead(403).end();
    if (origin !== undefined) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Allow-Credentials', 'true');
      response.setHeader('Access-Control-Allow-Headers', 'authorization,authorization-extras,content-type,x-namespace');
      response.setHeader('Vary', 'Origin');
    }
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    const path = new URL(request.url ?? '/', 'http://codec').pathname.replace(/\/$/, '') as keyof typeof work;
    if (request.method !== 'POST' || work[path] === undefined) return void response.writeHead(404).end();
    try {
      const { payloads } = JSON.parse(await bodyOf(request)) as { payloads: Sent[] };
      const done = await work[path](payloads.map(received));
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ payloads: done.map(sent) }));
    } catch {
      response.writeHead(400).end();
    }
  }

  await new Promise<void>((ready, failed) => server.once('error', failed).listen(Number(port), host, ready));
  terminal.talk(`Codec for the Temporal UI at http://${options.listen}, for pages of ${options.origin.join(', ')}.`);
  await new Promise<void>((stopped) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped());
  });
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  return { data: { stopped: true }, text: '' };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBodyBytes) throw new RangeError('the request body is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function received({ metadata = {}, data }: Sent): Payload {
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    data: Buffer.from(data ?? '', 'base64'),
  };
}

function sent({ metadata, data }: Payload): Sent {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)])),
    data: text(data ?? new Uint8Array()),
  };
}
