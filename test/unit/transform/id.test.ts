import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { offset, uuidFrom } from '../../../src/transform/id';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

describe('uuidFrom', () => {
  it('never changes: the same namespace and key give this uuid for ever', () => {
    expect(uuidFrom('rowproof/crm/crm.customer', ['4711'], sha256)).toBe('390828cd-dac8-83a3-84e5-a140e017848d');
  });

  it('is a uuid of version 8 and the RFC variant', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (parts) => {
        expect(uuidFrom('n', parts, sha256)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
      }),
    );
  });

  it('tells apart parts that read the same when joined', () => {
    const ids = [['a', 'bc'], ['ab', 'c'], ['abc'], ['abc', ''], ['', 'abc']].map((parts) =>
      uuidFrom('n', parts, sha256),
    );
    expect(new Set(ids).size).toBe(5);
    expect(uuidFrom('na', ['b'], sha256)).not.toBe(uuidFrom('n', ['ab'], sha256));
  });
});

describe('offset', () => {
  it('adds to whole numbers of any length and refuses everything else', () => {
    expect(offset('9223372036854775807', '1')).toBe('9223372036854775808');
    expect(offset('-7', '7')).toBe('0');
    expect(offset('7.0', '1')).toBeNull();
    expect(offset(null, '1')).toBeNull();
  });
});
