import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { fail } from '../../errors/rowproof-error';

const { Payload: PayloadMessage } = temporal.api.common.v1;
/** The name that Temporal's own examples give it. */
const encoding = Buffer.from('binary/encrypted');
const ivBytes = 12;
const tagBytes = 16;

export interface CodecKey {
  /** Names the key in each payload. */
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Buffer;
}

/** AES-256-GCM over whole payloads. The first key encodes, each of them decodes what names it: that is how keys are changed. */
export function aesGcmCodec(keys: readonly CodecKey[]): PayloadCodec {
  const [first] = keys;
  if (first === undefined) throw fail('RP4230', 'The payload codec has no key.');

  function encode(payload: Payload): Payload {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', (first as CodecKey).secret, iv);
    const text = Buffer.concat([cipher.update(PayloadMessage.encode(payload).finish()), cipher.final()]);
    return {
      metadata: { encoding, 'encryption-key-id': Buffer.from((first as CodecKey).id) },
      data: Buffer.concat([iv, text, cipher.getAuthTag()]),
    };
  }

  function decode(payload: Payload): Payload {
    if (Buffer.from(payload.metadata?.['encoding'] ?? []).toString() !== encoding.toString()) return payload;
    const id = Buffer.from(payload.metadata?.['encryption-key-id'] ?? []).toString();
    const key = keys.find((known) => known.id === id);
    if (key === undefined) throw fail('RP4230', `The payload codec has no key named ${id}.`);
    const data = Buffer.from(payload.data ?? []);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.secret, data.subarray(0, ivBytes));
      decipher.setAuthTag(data.subarray(-tagBytes));
      const plain = Buffer.concat([decipher.update(data.subarray(ivBytes, -tagBytes)), decipher.final()]);
      return PayloadMessage.decode(plain) as Payload;
    } catch {
      throw fail(
        'RP4230',
        `A payload cannot be decoded with the key named ${id}: the key is another one, or the payload was changed.`,
      );
    }
  }

  return {
    encode: (payloads) => Promise.resolve(payloads.map(encode)),
    decode: async (payloads) => payloads.map(decode),
  };
}

/** Keys as the environment gives them, `id:base64` each, by commas or lines; the first encodes. RP4230 where one is none. */
export function parseKeys(text: string): CodecKey[] {
  return text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => {
      const [, id, base64] = /^([A-Za-z0-9_.-]+):([A-Za-z0-9+/]{43}=)$/.exec(part) ?? [];
      if (id === undefined || base64 === undefined)
        throw fail('RP4230', 'A key of the payload codec is not NAME:BASE64 of 32 bytes.');
      return { id, secret: Buffer.from(base64, 'base64') };
    });
}
