import type { Catalog, Column, Relation } from '../../../src/contract/catalog';
import type { CompiledMapping } from '../../../src/contract/compiled';
import { catalogDrift } from '../../../src/profile/catalog-drift';
import { rulesAdded } from '../../../src/profile/rules-added';
import { catalog, column, table, type } from '../compile/small-catalog';

const short = type('character varying', { length: 50 });
const money = type('numeric', { precision: 8, scale: 2 });
const columns = [column('id', type('integer'), true), column('name', short), column('price', money)];
const item = table('public', 'item', columns);

const mapping = {
  source: 'legacy',
  from: { schema: 'old', name: 'item' },
  target: { schema: 'public', name: 'item' },
  columns: columns.map(({ name, type: of, notNull }) => ({
    target: name,
    type: of,
    notNull,
    from: [name],
    inputTypes: [of.name],
  })),
} as unknown as CompiledMapping;

const of = (relation: Partial<Relation>, ...others: Relation[]): Catalog =>
  catalog([{ ...item, ...relation }, ...others]);
const withColumn = (changed: Column): Catalog =>
  of({ columns: [...columns.filter(({ name }) => name !== changed.name), changed] });

describe('what changed about the columns of a target table', () => {
  it.each<[string, Catalog, readonly string[]]>([
    ['nothing', of({}), []],
    ['a table that is gone', catalog([]), ['public.item is gone']],
    ['a column that is gone', of({ columns: columns.slice(0, 2) }), ['public.item.price is gone']],
    [
      'a shorter text',
      withColumn(column('name', type('character varying', { length: 10 }))),
      ['public.item.name is character varying(10) now, was character varying(50)'],
    ],
    [
      'a text without a length',
      withColumn(column('name', type('character varying'))),
      ['public.item.name is character varying now, was character varying(50)'],
    ],
    [
      'other digits',
      withColumn(column('price', type('numeric', { precision: 8, scale: 0 }))),
      ['public.item.price is numeric(8,0) now, was numeric(8,2)'],
    ],
    ['a column that must be given', withColumn(column('name', short, true)), ['public.item.name is NOT NULL now']],
    ['one that need not be given any more', withColumn(column('id', type('integer'))), []],
    [
      'a new column that must be given',
      withColumn(column('fresh', short, true)),
      ['public.item.fresh needs a value that the plan does not give'],
    ],
    ['new columns that are filled or may be empty', of({ columns: [...columns, ...filled()] }), []],
  ])('%s', (_, now, drift) => {
    expect(catalogDrift([mapping], 'target', now)).toEqual(drift);
  });

  it('is not asked of a source, whose columns may be longer than they were', () => {
    const longer = table('old', 'item', [
      columns[0] as Column,
      column('name', type('character varying')),
      columns[2] as Column,
    ]);
    expect(catalogDrift([mapping], 'legacy', catalog([longer]))).toEqual([]);
    expect(catalogDrift([mapping], 'legacy', catalog([table('old', 'item', columns.slice(0, 2))]))).toEqual([
      'old.item.price is gone',
    ]);
  });
});

function filled(): Column[] {
  const fresh = column('fresh', short, true);
  return [
    { ...fresh, name: 'a', hasDefault: true },
    { ...fresh, name: 'b', identity: 'always' },
    { ...fresh, name: 'c', generated: true },
    { ...fresh, name: 'd', notNull: false },
  ];
}

const index = (name: string, more: Partial<Relation['indexes'][number]> = {}): Relation['indexes'][number] => ({
  name,
  unique: true,
  primary: false,
  constraint: null,
  exclusion: false,
  columns: ['name'],
  keyExpressions: ['name'],
  predicate: null,
  nullsNotDistinct: false,
  valid: true,
  definition: `CREATE INDEX ${name}`,
  ...more,
});
const check = { name: 'positive', columns: ['price'], expression: 'price > 0', validated: true };
const trigger = {
  name: 'audit',
  enabled: 'O' as const,
  definition: 'CREATE TRIGGER … EXECUTE FUNCTION public.audit()',
};
const guard = {
  name: 'rowproof_guard_x',
  enabled: 'A' as const,
  definition: 'CREATE TRIGGER … EXECUTE FUNCTION rowproof.rowproof_guard_x()',
};
const key = (references: string): Relation['foreignKeys'][number] => ({
  name: 'parent',
  columns: ['id'],
  references: { schema: 'public', name: references },
  referencedColumns: ['id'],
  definition: `FOREIGN KEY (id) REFERENCES ${references}(id)`,
  matchFull: false,
  validated: true,
});
const part = { ...table('public', 'item_1', columns), partitionOf: { schema: 'public', name: 'item' } };
const other = table('public', 'other', columns);

describe('rules that came onto a target table', () => {
  it.each<[string, Catalog, Catalog, readonly string[]]>([
    ['a check', of({}), of({ checks: [check] }), ['check positive is new on public.item']],
    [
      'another check of the same name',
      of({ checks: [check] }),
      of({ checks: [{ ...check, expression: 'price > 9' }] }),
      ['check positive is defined differently on public.item'],
    ],
    ['a unique index', of({}), of({ indexes: [index('u')] }), ['unique index u is new on public.item']],
    [
      'an exclusion constraint',
      of({}),
      of({ indexes: [index('x', { unique: false, exclusion: true })] }),
      ['unique index x is new on public.item'],
    ],
    ['an index that refuses nothing', of({}), of({ indexes: [index('i', { unique: false })] }), []],
    ['a foreign key', of({}), of({ foreignKeys: [key('other')] }), ['foreign key parent is new on public.item']],
    [
      'a foreign key of another table',
      of({}, other),
      of({}, { ...other, foreignKeys: [key('item')] }),
      ['foreign key parent is new on public.other'],
    ],
    ['a foreign key between others', of({}, other), of({}, { ...other, foreignKeys: [key('third')] }), []],
    [
      'a foreign key that is not validated yet',
      of({ foreignKeys: [key('other')] }),
      of({ foreignKeys: [{ ...key('other'), definition: `${key('other').definition} NOT VALID`, validated: false }] }),
      [],
    ],
    ['a trigger', of({}), of({ triggers: [trigger] }), ['trigger audit is new on public.item']],
    [
      'a trigger of a partition',
      of({}, part),
      of({}, { ...part, triggers: [trigger] }),
      ['trigger audit is new on public.item_1'],
    ],
    [
      'a trigger that the run put to rest',
      of({ triggers: [trigger] }),
      of({ triggers: [{ ...trigger, enabled: 'D' }] }),
      [],
    ],
    ['the guard of the run', of({}), of({ triggers: [guard] }), []],
    ['what the run took away', of({ indexes: [index('u')], checks: [check], foreignKeys: [key('other')] }), of({}), []],
    [
      'rules of a table that is not mapped',
      of({}, other),
      of({}, { ...other, checks: [check], triggers: [trigger] }),
      [],
    ],
  ])('%s', (_, before, now, added) => {
    expect(rulesAdded([mapping], before, now)).toEqual(added);
  });
});
