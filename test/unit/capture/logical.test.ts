import fc from 'fast-check';
import { capturedRelations } from '../../../src/capture/captured-relations';
import { fullXid } from '../../../src/capture/full-xid';
import { keyPart } from '../../../src/capture/key-part';
import { compareLogical, identifiesRow, type LogicalFacts } from '../../../src/capture/logical-facts';
import { touchedKeys, type Captured } from '../../../src/capture/logical-keys';
import { compareLsn, laterLsn } from '../../../src/capture/lsn';

const circle = 2n ** 32n;

describe('the 64-bit id of a transaction', () => {
  it('is the one near by, also across the end of the circle', () => {
    expect(fullXid(5, circle - 3n)).toBe(circle + 5n);
    expect(fullXid(0xffff_fff0, circle + 4n)).toBe(circle - 16n);
    expect(fullXid(-16, circle + 4n)).toBe(circle - 16n);
    expect(fullXid(700, 3n)).toBe(700n);
    expect(fullXid(3, 7n * circle + 10n)).toBe(7n * circle + 3n);
  });

  it('is found from its low half wherever it is less than half the circle away', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 62n }),
        fc.bigInt({ min: 1n - circle / 2n, max: circle / 2n - 1n }),
        (near, distance) => {
          const xid = near + distance;
          fc.pre(xid >= 0n);
          return fullXid(Number(xid % circle), near) === xid;
        },
      ),
    );
  });
});

describe('positions in the log', () => {
  it('are compared as numbers, however they are padded', () => {
    expect(compareLsn('0/9', '0/10')).toBeLessThan(0);
    expect(compareLsn('00000000/0000000A', '0/a')).toBe(0);
    expect(compareLsn('1/0', '0/FFFFFFFF')).toBeGreaterThan(0);
    expect(laterLsn(null, '0/1')).toBe('0/1');
    expect(laterLsn('0/2', '0/1')).toBe('0/2');
  });
});

describe('parts of keys', () => {
  const type = (name: string, base: string | null = null) => ({ name, base });
  it('are what a cast to text gives where that differs from what a value prints as', () => {
    expect(keyPart(type('boolean'), 't')).toBe('true');
    expect(keyPart(type('public.yes', 'boolean'), 'f')).toBe('false');
    expect(keyPart(type('character'), 'ab   ')).toBe('ab');
    expect(keyPart(type('inet'), '10.0.0.1')).toBe('10.0.0.1/32');
    expect(keyPart(type('inet'), '::1')).toBe('::1/128');
    expect(keyPart(type('inet'), '10.0.0.0/8')).toBe('10.0.0.0/8');
    expect(keyPart(type('text'), 't   ')).toBe('t   ');
  });
});

describe('keys that a message touches', () => {
  const [relation] = capturedRelations({
    mappings: [
      {
        name: 'item',
        source: 'legacy',
        from: { schema: 'public', name: 'item' },
        key: [{ name: 'id', order: 'integer', type: { name: 'integer', base: null } }],
      },
    ] as never,
  });
  if (relation === undefined) throw new Error('no relation');
  const captured: Captured = { byOid: new Map([[7, [relation]]]), unknown: [relation] };

  it('are the whole relation where the key is not told', () => {
    expect(touchedKeys({ kind: 'change', relation: 7, before: null, after: { body: 'x' } }, captured)).toEqual([
      { relation: 1, key: null },
    ]);
  });

  it('come from the old row where an unchanged value is left out of the new one', () => {
    const message = { kind: 'change', relation: 7, before: { id: '4' }, after: { id: undefined } } as const;
    expect(touchedKeys(message, captured)).toEqual([{ relation: 1, key: '["4"]' }]);
  });

  it('are whole relations for a table that nobody knows: a partition that came and went', () => {
    expect(touchedKeys({ kind: 'change', relation: 9, before: null, after: { id: '1' } }, captured)).toEqual([
      { relation: 1, key: null },
    ]);
    expect(touchedKeys({ kind: 'truncate', relations: [9, 7] }, captured)).toHaveLength(2);
  });

  it('are all of a table whose identity said nothing of the key while a row was updated', () => {
    const change = { kind: 'change', relation: 7, before: null, after: { id: '4', mail: 'x' } } as const;
    expect(touchedKeys({ ...change, unchanged: ['id'] }, captured)).toEqual([{ relation: 1, key: '["4"]' }]);
    expect(touchedKeys({ ...change, unchanged: ['mail'] }, captured)).toEqual([{ relation: 1, key: null }]);
  });
});

describe('what logical capture stands on', () => {
  const published = {
    version: '1',
    allTables: false,
    schemas: 0,
    viaRoot: false,
    operations: ['insert'],
    tables: [{ oid: '7', restricted: false }],
  };
  const facts = {
    publication: 'p',
    server: '1/00000001',
    published,
    identities: [{ oid: '7', name: 'public.item', identity: 'd', columns: ['id'] }],
  } as unknown as LogicalFacts;
  const keys = new Map([['7', ['id']]]);

  it('is told apart by server, publication and replica identity', () => {
    expect(compareLogical(facts, facts, keys)).toBeNull();
    expect(compareLogical(facts, { ...facts, server: '1/00000002' }, keys)).toMatch(
      /not the server on which the slot was created/,
    );
    expect(compareLogical(facts, { ...facts, published: null }, keys)).toMatch(/is gone/);
    const restricted = { ...published, tables: [{ oid: '7', restricted: true }] };
    expect(compareLogical(facts, { ...facts, published: restricted }, keys)).toMatch(/row filter/);
    expect(compareLogical(facts, { ...facts, published: { ...published, version: '2' } }, keys)).toMatch(
      /altered back/,
    );
    expect(compareLogical(facts, facts, new Map([['7', ['id', 'b']]]))).toMatch(/replica identity/);
  });

  it('tells the key of a row by its whole old row or by columns that are all there', () => {
    expect(identifiesRow({ oid: '1', name: 't', identity: 'f', columns: null }, ['a'])).toBe(true);
    expect(identifiesRow({ oid: '1', name: 't', identity: 'n', columns: [] }, [])).toBe(false);
    expect(identifiesRow({ oid: '1', name: 't', identity: 'd', columns: ['a', 'b'] }, ['b'])).toBe(true);
  });
});
