import type { Catalog, ForeignKey, Index, KeyConstraint, QualifiedName, Relation } from '../../contract/catalog';
import type { Session } from '../session';
import type { RelationColumn } from './columns';
import { readColumns } from './columns';
import type { ForeignKeyRow } from './constraints';
import { readConstraints } from './constraints';
import { readMutableFunctions } from './functions';
import { readIndexes, readTriggers } from './indexes';
import type { RelationRow } from './relations';
import { readRelations } from './relations';
import { readSequences } from './sequences';
import { readDatabaseCounts, readSchemas, readServerFacts } from './server-facts';
import { readDomains, readTypes } from './types';

/**
 * Reads everything rowproof knows about one database, in a dozen statements however many tables there are. Needs no
 * privilege beyond CONNECT; what the role may do with each relation is part of the answer.
 */
export async function readCatalog(session: Session): Promise<Catalog> {
  const server = await readServerFacts(session);
  const relations = await readRelations(session);
  const columns = await readColumns(session, await readTypes(session));
  const names = new Map(
    [...columns].flatMap(([relation, own]) => own.map((column) => [`${relation} ${column.attnum}`, column.name])),
  );
  const nameOf = (relation: string, attnum: number): string => names.get(`${relation} ${attnum}`) ?? '';
  const constraints = await readConstraints(session, nameOf);
  const indexes = await readIndexes(session, nameOf);
  const triggers = await readTriggers(session);
  const named = new Map(relations.map((relation) => [relation.oid, { schema: relation.schema, name: relation.name }]));

  return {
    server,
    relations: relations.map((relation): Relation => {
      const own = constraints.get(relation.oid);
      const ownIndexes = indexes.get(relation.oid) ?? [];
      return {
        ...withoutOid(relation),
        columns: (columns.get(relation.oid) ?? []).map(withoutAttnum),
        primaryKey: own?.primaryKey ?? null,
        uniques: uniquesOf(ownIndexes),
        checks: own?.checks ?? [],
        foreignKeys: (own?.foreignKeys ?? []).flatMap((key) => foreignKey(relation.oid, key, nameOf, named)),
        indexes: ownIndexes,
        triggers: triggers.get(relation.oid) ?? [],
      };
    }),
    domains: await readDomains(session),
    mutableFunctions: await readMutableFunctions(session),
    sequences: await readSequences(session),
    schemas: await readSchemas(session),
    ...(await readDatabaseCounts(session)),
  };
}

function withoutOid(relation: RelationRow): Omit<RelationRow, 'oid'> {
  const { oid: _, ...rest } = relation;
  return rest;
}

function withoutAttnum(column: RelationColumn): Omit<RelationColumn, 'attnum'> {
  const { attnum: _, ...rest } = column;
  return rest;
}

/** What makes a row's columns unique, whatever the values: no predicate, no expression, and in force. */
function uniquesOf(indexes: readonly Index[]): KeyConstraint[] {
  return indexes
    .filter(
      (index) =>
        index.unique && !index.primary && index.valid && index.predicate === null && !index.columns.includes(null),
    )
    .map((index) => ({ name: index.constraint ?? index.name, columns: index.columns as string[] }));
}

function foreignKey(
  relation: string,
  key: ForeignKeyRow,
  nameOf: (relation: string, attnum: number) => string,
  named: ReadonlyMap<string, QualifiedName>,
): ForeignKey[] {
  const references = named.get(key.references);
  // the parent was dropped between two statements
  if (references === undefined) return [];
  return [
    {
      name: key.name,
      columns: key.columns.map((attnum) => nameOf(relation, attnum)),
      references,
      referencedColumns: key.referencedColumns.map((attnum) => nameOf(key.references, attnum)),
      definition: key.definition,
      matchFull: key.matchFull,
      validated: key.validated,
      operators: key.operators,
    },
  ];
}
