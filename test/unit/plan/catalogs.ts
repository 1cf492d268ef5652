import type { Catalog, Column, ColumnType, ForeignKey, Relation } from '../../../src/contract/catalog';

/** Small catalogs written by hand: `{ 'crm.customer': 'id uuid!, email text' }`, `!` NOT NULL, `#` primary key. */
function columnType(name: string): ColumnType {
  const match = /^([^(]*)(?:\((\d+)(?:,(\d+))?\))?$/.exec(name) as RegExpExecArray;
  const base = match[1] as string;
  const numeric = base === 'numeric';
  return {
    name: base,
    schema: 'pg_catalog',
    oid: 0,
    kind: 'base',
    element: null,
    base: null,
    labels: null,
    length: numeric || match[2] === undefined ? null : Number(match[2]),
    precision: numeric && match[2] !== undefined ? Number(match[2]) : null,
    scale: numeric && match[2] !== undefined ? Number(match[3] ?? 0) : null,
    fraction: null,
  };
}

function column(text: string, ordinal: number): { column: Column; key: boolean } {
  const [, name, type, marks] = /^("[^"]+"|\S+) ([^!#=]+)([!#=]*)$/.exec(text.trim()) as unknown as [
    string,
    string,
    string,
    string,
  ];
  const key = marks.includes('#');
  return {
    key,
    column: {
      name: name.replaceAll('"', ''),
      ordinal,
      type: columnType(type),
      notNull: key || marks.includes('!'),
      hasDefault: marks.includes('='),
      identity: '',
      generated: false,
      collation: null,
      nondeterministic: false,
      sequence: null,
      averageWidth: null,
      readable: true,
    },
  };
}

export function relation(qualified: string, columns: string, extra: Partial<Relation> = {}): Relation {
  const dot = qualified.indexOf('.');
  const parsed = columns.split(', ').map((text, index) => column(text, index + 1));
  const key = parsed.filter((one) => one.key).map((one) => one.column.name);
  return {
    schema: qualified.slice(0, dot),
    name: qualified.slice(dot + 1),
    kind: 'table',
    owner: 'owner',
    owned: true,
    estimatedRows: 0,
    estimatedBytes: 0,
    columns: parsed.map((one) => one.column),
    primaryKey: key.length === 0 ? null : { name: 'pk', columns: key },
    uniques: [],
    checks: [],
    foreignKeys: [],
    indexes: [],
    triggers: [],
    rowSecurity: false,
    forceRowSecurity: false,
    partitionOf: null,
    inherited: false,
    inherits: [],
    privileges: { select: true, insert: true, update: true, delete: true, truncate: true },
    ...extra,
  };
}

export function foreignKey(columns: string[], references: string, referencedColumns: string[]): ForeignKey {
  const [schema, name] = references.split('.') as [string, string];
  return {
    name: `${columns.join('_')}_fkey`,
    columns,
    references: { schema, name },
    referencedColumns,
    definition: '',
    matchFull: false,
    validated: true,
  };
}

export function catalog(relations: readonly Relation[]): Catalog {
  return {
    server: {
      versionNum: 150000,
      database: 'test',
      encoding: 'UTF8',
      collate: 'C',
      user: 'test',
      isSuperuser: false,
      isStandby: false,
      systemIdentifier: null,
    },
    relations,
    domains: [],
    mutableFunctions: [],
    sequences: [],
    calls: [],
    schemas: [],
    largeObjects: 0,
    preparedTransactions: 0,
  };
}
