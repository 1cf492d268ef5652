import type { ColumnType } from '../../../src/contract/catalog';
import type { KeyColumn } from '../../../src/contract/compiled';
import { bindStatement } from '../../../src/compile/statements/bind-statement';
import { rangePredicate } from '../../../src/compile/key/range-predicate';
import { withSample } from '../../../src/compile/with-sample';

function type(name: string, extra: Partial<ColumnType> = {}): ColumnType {
  return {
    name,
    schema: 'pg_catalog',
    oid: 0,
    kind: 'base',
    element: null,
    base: null,
    labels: null,
    length: null,
    precision: null,
    scale: null,
    fraction: null,
    ...extra,
  };
}

function key(name: string, of: ColumnType): KeyColumn {
  return { name, type: of, order: 'bytes' };
}

describe('rangePredicate', () => {
  it('compares one column with literals of its own type', () => {
    const range = { lower: ['-7'], upper: ['12'] };
    expect(rangePredicate([key('id', type('bigint'))], range)).toBe(`"id" > '-7'::bigint AND "id" <= '12'::bigint`);
  });

  it('compares composite keys as rows and leaves open ends open', () => {
    const columns = [key('a "b"', type('text')), key('c', type('uuid'))];
    expect(rangePredicate(columns, { lower: ["o'k", 'x'], upper: null })).toBe(
      `ROW("a ""b""", "c") > ROW('o''k'::text, 'x'::uuid)`,
    );
    expect(rangePredicate(columns, { lower: null, upper: null })).toBe('true');
  });

  it('never casts a literal to character, which would cut it to one', () => {
    expect(rangePredicate([key('c', type('character'))], { lower: ['ab'], upper: null })).toBe(
      `"c" > 'ab'::pg_catalog.bpchar`,
    );
  });

  it('orders types of extensions by their text', () => {
    const citext = type('public.citext', { schema: 'public' });
    expect(rangePredicate([key('c', citext)], { lower: ['a'], upper: null })).toBe(
      `("c"::text COLLATE "C") > 'a'::text`,
    );
  });

  it('refuses a bound with the wrong number of values', () => {
    expect(() => rangePredicate([key('c', type('text'))], { lower: ['a', 'b'], upper: null })).toThrow(
      'each key column',
    );
  });
});

describe('bindStatement', () => {
  it('binds every token, and to all rows where nothing is given', () => {
    expect(bindStatement('a {{range}} b {{slice}} c {{limit}}')).toBe('a true b true c ');
    expect(bindStatement('{{limit}} {{rows}}', { limit: 5, rows: 10 })).toBe('LIMIT 5 10');
  });

  it('leaves tokens alone that stand in quotes, whatever a column is called', () => {
    const sql = `select "{{range}}", '{{limit}}', E'\\'{{slice}}', $x$ {{rows}} $x$, a$b {{range}}`;
    expect(bindStatement(sql)).toBe(`select "{{range}}", '{{limit}}', E'\\'{{slice}}', $x$ {{rows}} $x$, a$b true`);
  });

  it('puts a key range in place', () => {
    const bound = bindStatement('where ({{range}})', {
      range: { lower: null, upper: ['3'] },
      key: [key('id', type('integer'))],
    });
    expect(bound).toBe(`where ("id" <= '3'::integer)`);
  });

  it('refuses a range without the key, an unknown token and a fraction of a row', () => {
    expect(() => bindStatement('{{range}}', { range: { lower: ['1'], upper: null } })).toThrow('key columns');
    expect(() => bindStatement('{{what}}')).toThrow('unknown token');
    expect(() => bindStatement('{{limit}}', { limit: 0.5 })).toThrow('whole number');
    expect(() => bindStatement('{{rows}}')).toThrow('number of rows');
  });

  it('drops the sample clause unless a sample was taken', () => {
    const sql = 'where ({{range}}{{sample}} AND h("{{end}}") < {{share}}{{end}})';
    expect(bindStatement(sql)).toBe('where (true)');
    expect(bindStatement(withSample(sql, 1))).toBe('where (true AND h("{{end}}") < 10000)');
  });
});
