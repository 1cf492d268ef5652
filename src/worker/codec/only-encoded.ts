import type { Payload, PayloadCodec } from '@temporalio/common';

const plain = /^(json|binary)\/(plain|null|protobuf)$/;
const sentence = 'this payload is not encoded, and plain ones are not accepted here';

/**
 * A codec that takes no payload which nobody encoded. What is refused becomes an object that no input, update or signal of ours is: the
 * sender reads the sentence, and the workflow goes on. An error instead would fail the task of the workflow for ever.
 */
export function onlyEncoded(codec: PayloadCodec): PayloadCodec {
  return {
    encode: (payloads) => codec.encode(payloads),
    decode: async (payloads) => {
      const decoded = await codec.decode(payloads.filter((one) => !isPlain(one)));
      return payloads.map((one) => (isPlain(one) ? refused() : (decoded.shift() as Payload)));
    },
  };
}

function isPlain({ metadata }: Payload): boolean {
  return plain.test(Buffer.from(metadata?.['encoding'] ?? []).toString());
}

function refused(): Payload {
  return { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify({ [sentence]: true })) };
}
