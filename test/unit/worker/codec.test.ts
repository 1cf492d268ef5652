import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { aesGcmCodec, parseKeys } from '../../../src/worker/codec/aes-gcm';
import { onlyEncoded } from '../../../src/worker/codec/only-encoded';

const secret = (): string => randomBytes(32).toString('base64');
const [one, two] = [secret(), secret()];
const codecOf = (text: string): ReturnType<typeof aesGcmCodec> => aesGcmCodec(parseKeys(text));
const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const valueOf = (of: Payload): unknown => defaultPayloadConverter.fromPayload(of);

describe('the AES-GCM codec', () => {
  it('gives back what it encoded, and nothing of it can be read on the way', async () => {
    const values = [{ plan: 'crm', rows: [1, 2] }, null, undefined, 'x'.repeat(10_000), new Uint8Array([0, 255])];
    const codec = codecOf(`a:${one}`);
    const encoded = await codec.encode(values.map(payload));
    for (const { metadata, data } of encoded) {
      expect(Object.keys(metadata ?? {}).sort()).toEqual(['encoding', 'encryption-key-id']);
      expect(Buffer.from(metadata?.['encoding'] ?? []).toString()).toBe('binary/encrypted');
      expect(Buffer.from(data ?? []).toString('latin1')).not.toMatch(/crm|xxx|json/);
    }
    expect((await codec.decode(encoded)).map(valueOf)).toEqual(values);
    const [again] = await codec.encode([payload(values[0])]);
    expect(Buffer.from(again?.data ?? [])).not.toEqual(Buffer.from(encoded[0]?.data ?? []));
  });

  it('decodes with each of its keys and encodes with the first, so that keys can be changed', async () => {
    const old = await codecOf(`a:${one}`).encode([payload('old')]);
    const both = codecOf(`b:${two}\na:${one}`);
    expect((await both.decode(old)).map(valueOf)).toEqual(['old']);
    const fresh = await both.encode([payload('new')]);
    await expect(codecOf(`a:${one}`).decode(fresh)).rejects.toThrow('The payload codec has no key named b.');
  });

  it('refuses what was changed, and a key of another secret, by name', async () => {
    const [encoded] = (await codecOf(`a:${one}`).encode([payload('x')])) as [Payload];
    await expect(codecOf(`a:${two}`).decode([encoded])).rejects.toThrow('RP4230');
    const data = Buffer.from(encoded.data ?? []);
    data[20] = (data[20] ?? 0) ^ 1;
    await expect(codecOf(`a:${one}`).decode([{ ...encoded, data }])).rejects.toThrow('RP4230');
  });

  it.each(['', 'a', `a:${one.slice(2)}`, `a:${randomBytes(16).toString('base64')}`])(
    'takes no key such as %j',
    (text) => {
      expect(() => codecOf(text)).toThrow('RP4230');
    },
  );
});

describe('a codec that takes only what was encoded', () => {
  it('gives a sentence in place of a plain payload, and leaves the others in their places', async () => {
    const codec = onlyEncoded(codecOf(`a:${one}`));
    const [first, last] = (await codec.encode([payload(1), payload(3)])) as [Payload, Payload];
    const [a, b, c] = (await codec.decode([first, payload({ gate: 'copy' }), last])).map(valueOf);
    expect([a, c]).toEqual([1, 3]);
    expect(JSON.stringify(b)).toMatch(/^\{"this payload is not encoded/);
  });
});
