import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { freePort } from '../../src/dev/free-port';
import { binary, eventually } from '../support/workbench';

const ui = 'http://localhost:8233';
let server: ChildProcess;
let at: string;

beforeAll(async () => {
  const port = await freePort();
  at = `http://127.0.0.1:${port}`;
  const env = {
    ...process.env,
    ROWPROOF_CODEC: 'aes-gcm',
    ROWPROOF_CODEC_KEYS: `a:${randomBytes(32).toString('base64')}`,
  };
  const args = [binary, 'codec-server', '--listen', `127.0.0.1:${port}`, '--origin', ui];
  server = spawn(process.execPath, args, { env, stdio: 'ignore' });
  await eventually(() =>
    fetch(at).then(
      () => true,
      () => false,
    ),
  );
});
afterAll(async () => {
  const ended = new Promise((done) => server.once('exit', done));
  server.kill('SIGTERM');
  expect(await ended).toBe(0);
});

const post = (path: string, body: unknown, origin = ui): Promise<Response> =>
  fetch(`${at}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { origin, 'content-type': 'application/json' },
  });

const plain = {
  metadata: { encoding: Buffer.from('json/plain').toString('base64') },
  data: Buffer.from('"crm"').toString('base64'),
};

describe('the codec server of the Temporal UI', () => {
  it('encodes what the UI sends and decodes what it shows', async () => {
    const encoded = (await (await post('/encode', { payloads: [plain] })).json()) as { payloads: [typeof plain] };
    const [one] = encoded.payloads;
    expect(Buffer.from(one.metadata.encoding, 'base64').toString()).toBe('binary/encrypted');
    expect(await (await post('/decode', encoded)).json()).toEqual({ payloads: [plain] });
  });

  it('answers pages of the UI only, and what is no page of payloads with 400', async () => {
    expect((await post('/decode', { payloads: [plain] }, 'https://elsewhere.example')).status).toBe(403);
    expect((await post('/decode', { nothing: true })).status).toBe(400);
    expect((await post('/secrets', {})).status).toBe(404);
    const asked = await fetch(`${at}/decode`, { method: 'OPTIONS', headers: { origin: ui } });
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, ui]);
  });
});
