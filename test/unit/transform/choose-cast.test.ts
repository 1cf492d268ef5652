import type { ColumnType, TypeShape } from '../../../src/contract/catalog';
import type { CastSpec, ValueTrial } from '../../../src/contract/compiled';
import { applyCast } from '../../../src/transform/cast/apply-cast';
import { castToSql } from '../../../src/transform/cast/cast-to-sql';
import { chooseCast } from '../../../src/transform/cast/choose-cast';
import { chooseTrial, mayRefuseValue } from '../../../src/transform/value-trial';

function type(name: string, more: Partial<ColumnType> = {}): ColumnType {
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
    ...more,
  };
}

const timestamp = type('timestamp without time zone');
const timestamptz = type('timestamp with time zone');
const colour = (...labels: string[]) => type('crm.colour', { schema: 'crm', kind: 'enum', labels });

function kindOf(source: ColumnType | null, target: ColumnType): string {
  const chosen = chooseCast(source, target);
  return 'kind' in chosen ? chosen.kind : `impossible: ${chosen.fix}`;
}

describe('chooseCast', () => {
  it.each<[string, ColumnType, ColumnType, string]>([
    ['timestamp to timestamptz', timestamp, timestamptz, 'at_zone'],
    ['date to timestamptz', type('date'), timestamptz, 'at_zone'],
    ['timestamptz to timestamp', timestamptz, timestamp, 'at_zone'],
    ['integer to boolean', type('integer'), type('boolean'), 'steps: [boolean]'],
    ['boolean to integer', type('boolean'), type('integer'), 'map'],
    ['integer to an enum', type('integer'), colour('red'), 'map'],
    ['integer to date', type('integer'), type('date'), 'parse_date'],
    ['money to text', type('money'), type('text'), 'sql:'],
    ['text to name, which would cut it', type('text'), type('name'), 'sql:'],
    ['timestamp to time', timestamp, type('time without time zone'), 'sql:'],
  ])('refuses %s and says what to write', (_title, source, target, fix) => {
    expect(kindOf(source, target)).toMatch(/^impossible/);
    expect(kindOf(source, target)).toContain(fix);
  });

  it('leaves a value alone where the target has room for all of its type', () => {
    expect(kindOf(type('character varying', { length: 10 }), type('character varying', { length: 20 }))).toBe('same');
    expect(kindOf(type('numeric', { precision: 10, scale: 2 }), type('numeric', { precision: 12, scale: 2 }))).toBe(
      'same',
    );
    expect(kindOf(colour('red'), colour('red', 'blue'))).toBe('same');
    expect(kindOf(type('integer'), type('crm.age', { schema: 'crm', kind: 'domain', base: 'integer' }))).toBe('same');
  });

  it('takes a domain over a type that is not built in as that type', () => {
    const shape = (name: string, domain: boolean): TypeShape => ({
      kind: 'base',
      name,
      typmod: -1,
      domain,
      element: null,
      fields: [],
      labels: [],
    });
    const hstore = type('public.hstore', { schema: 'public', shape: shape('public.hstore', false) });
    const tags = type('public.tags', { schema: 'public', kind: 'domain', shape: shape('public.hstore', true) });
    const paths = type('public.paths', { schema: 'public', kind: 'domain', shape: shape('public.ltree', true) });
    expect([kindOf(hstore, tags), kindOf(tags, hstore)]).toEqual(['same', 'same']);
    expect(kindOf(hstore, paths)).toMatch(/^impossible/);
  });

  it('lets a type that is not built in refuse a text without a code of its own', () => {
    const evaluated = (of: ColumnType) => chooseTrial(chooseCast(null, of) as CastSpec, false) as ValueTrial;
    const hstore = type('public.hstore', { schema: 'public', declared: 'public.hstore' });
    expect(mayRefuseValue([evaluated(hstore)], 'XX000')).toBe(true);
    expect(mayRefuseValue([evaluated(type('inet', { declared: 'inet' }))], 'XX000')).toBe(false);
    expect(mayRefuseValue([evaluated(hstore)], 'XX001')).toBe(false);
  });

  it('checks where it has not', () => {
    expect(kindOf(type('character varying', { length: 20 }), type('character varying', { length: 10 }))).toBe('text');
    expect(kindOf(type('numeric', { precision: 10, scale: 2 }), type('numeric', { precision: 12, scale: 4 }))).toBe(
      'numeric',
    );
    expect(kindOf(colour('red', 'green'), colour('red', 'blue'))).toBe('enum');
    expect(kindOf(timestamp, type(timestamp.name, { fraction: 0 }))).toBe('narrow_fraction');
  });

  it('leaves to the target what only the type itself can read', () => {
    for (const name of ['jsonb', 'inet', 'interval', 'integer[]'])
      expect(castToSql(chooseCast(null, type(name)) as CastSpec, 'v')).toEqual({
        checks: [],
        wire: '(v)',
        text: '(v)',
      });
  });

  it('reads a text into a composite only where no part of it depends on the session', () => {
    const part = (name: string): TypeShape => ({
      kind: 'base',
      name,
      typmod: -1,
      domain: false,
      element: null,
      fields: [],
      labels: [],
    });
    const pair = (...names: string[]): ColumnType =>
      type('crm.pair', {
        schema: 'crm',
        kind: 'composite',
        shape: {
          ...part('crm.pair'),
          kind: 'composite',
          fields: names.map((name, at) => ({ name: `f${at}`, type: part(name) })),
        },
      });
    expect(kindOf(null, pair('integer', 'text'))).toBe('other');
    expect(kindOf(null, pair('integer', 'timestamp with time zone'))).toMatch(/^impossible/);
    expect(kindOf(pair('integer', 'date'), pair('integer', 'date'))).toBe('same');
    expect(kindOf(pair('integer', 'date'), pair('date', 'integer'))).toMatch(/^impossible/);
  });
});

describe('castToSql', () => {
  it('writes a length as a check and never as a cast', () => {
    const spec = chooseCast(type('text'), type('character varying', { length: 3 }));
    if ('impossible' in spec) throw new Error(spec.impossible);
    expect(castToSql(spec, '"n"')).toEqual({
      checks: [{ kind: 'too_long', failed: 'coalesce(length((("n")) COLLATE "C") > 3, false)' }],
      wire: '("n")',
      text: '("n")',
    });
  });

  it('names no type that exists only on the target', () => {
    const spec = chooseCast(null, colour('rød', 'red'));
    if ('impossible' in spec) throw new Error(spec.impossible);
    const sql = castToSql(spec, 'v');
    expect(JSON.stringify(sql)).not.toContain('crm');
    expect(sql.checks[0]?.failed).not.toContain('ø');
  });
});

describe('applyCast', () => {
  it('keeps NULL and leaves to the server what only the server can spell', () => {
    const spec = chooseCast(null, type('jsonb'));
    if ('impossible' in spec) throw new Error(spec.impossible);
    expect(applyCast(spec, null)).toEqual({ value: null });
    expect(applyCast(spec, '{"b":1,"a":2}')).toEqual({ server: '{"b":1,"a":2}' });
    expect(applyCast(spec, '{')).toEqual({ server: '{' });
  });
});
