import type { Catalog, Column, ColumnType, Relation } from '../../../src/contract/catalog';

/** Hand-made catalogs of one table a side, for exact SQL texts. */

export function type(name: string, extra: Partial<ColumnType> = {}): ColumnType {
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

export function column(name: string, of: ColumnType, notNull = false): Column {
  return {
    name,
    ordinal: 1,
    type: of,
    notNull,
    hasDefault: false,
    identity: '',
    generated: false,
    collation: null,
    nondeterministic: false,
    sequence: null,
    averageWidth: null,
  };
}

export function table(schema: string, name: string, columns: readonly Column[]): Relation {
  return {
    schema,
    name,
    kind: 'table',
    owner: 'me',
    owned: true,
    estimatedRows: 0,
    estimatedBytes: 0,
    columns,
    primaryKey: { name: `${name}_pkey`, columns: ['id'] },
    uniques: [],
    checks: [],
    foreignKeys: [],
    indexes: [],
    triggers: [],
    rowSecurity: false,
    forceRowSecurity: false,
    partitionOf: null,
    inherited: false,
    privileges: { select: true, insert: true, update: true, delete: true, truncate: true },
  };
}

export function catalog(relations: readonly Relation[]): Catalog {
  return {
    server: {
      versionNum: 150000,
      database: 'db',
      encoding: 'UTF8',
      collate: 'C',
      user: 'me',
      isSuperuser: false,
      isStandby: false,
      systemIdentifier: null,
    },
    relations,
    domains: [],
    mutableFunctions: [],
    sequences: [],
    schemas: [...new Set(relations.map(({ schema }) => schema))].map((name) => ({ name, usage: true, create: true })),
    largeObjects: 0,
    preparedTransactions: 0,
  };
}
