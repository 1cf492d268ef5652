import type { Catalog, Relation } from '../../contract/catalog';
import type { CompiledMapping, CompiledPlan } from '../../contract/compiled';
import { identifier, qualified } from '../../sql/quote';
import { bindStatement } from '../statements/bind-statement';
import { findRelation, sameTable } from '../mapping-work';

export interface ExplainedStatement {
  readonly side: 'source' | 'target';
  /** Name of the connection. */
  readonly connection: string;
  readonly mapping: string | null;
  readonly purpose: string;
  readonly sql: string;
  readonly lock: string;
}

interface MappedTable {
  readonly mapping: CompiledMapping;
  readonly relation: Relation;
}

/** What a run changes in the target, in its order: prepare, copy, settle, rebuild, finish, proof. */
export function explainTarget(compiled: CompiledPlan, target: Catalog): ExplainedStatement[] {
  const tables = compiled.mappings.flatMap((mapping): MappedTable[] => {
    const relation = findRelation(target, mapping.target);
    return relation === undefined ? [] : [{ mapping, relation }];
  });
  const keys = foreignKeys(tables, target);
  return [
    statement(null, 'holds the ledger', 'CREATE SCHEMA IF NOT EXISTS rowproof', 'none on your tables'),
    ...tables.flatMap(disableTriggers),
    ...keys.map(({ mapping, child, name, parent }) =>
      statement(
        mapping,
        'drops a foreign key for the load',
        `ALTER TABLE ${qualified(child)} DROP CONSTRAINT ${identifier(name)}`,
        `ACCESS EXCLUSIVE on ${qualified(child)} and ${qualified(parent)}, for a moment`,
      ),
    ),
    ...tables.flatMap(dropIndexes),
    ...tables.flatMap(noteBroken),
    ...tables.map(copy),
    ...tables.map(settle),
    ...tables.flatMap(rebuildIndexes),
    ...keys.flatMap(rebuildForeignKey),
    ...tables.flatMap(enableTriggers),
    ...tables.flatMap(sequences),
    ...tables.map(({ mapping, relation }) =>
      statement(
        mapping.name,
        'refreshes the statistics',
        `ANALYZE ${qualified(relation)}`,
        `SHARE UPDATE EXCLUSIVE on ${qualified(relation)}`,
      ),
    ),
    ...tables.map(({ mapping, relation }) =>
      statement(
        mapping.name,
        'reads the target for the proof',
        bindStatement(mapping.statements.actualInProofOrder),
        `ACCESS SHARE on ${qualified(relation)}`,
      ),
    ),
  ];
}

function statement(mapping: string | null, purpose: string, sql: string, lock: string): ExplainedStatement {
  return { side: 'target', connection: 'target', mapping, purpose, sql, lock };
}

interface KeyToMove {
  readonly mapping: string;
  readonly child: Relation;
  readonly parent: { readonly schema: string; readonly name: string };
  readonly name: string;
  readonly definition: string;
}

/** Foreign keys that touch a mapped table, also those of tables outside the plan. */
function foreignKeys(tables: readonly MappedTable[], target: Catalog): KeyToMove[] {
  return target.relations.flatMap((child) =>
    child.foreignKeys.flatMap((key) => {
      const touched =
        tables.find(({ relation }) => sameTable(relation, child)) ??
        tables.find(({ relation }) => sameTable(relation, key.references));
      if (touched === undefined) return [];
      return [
        { mapping: touched.mapping.name, child, parent: key.references, name: key.name, definition: key.definition },
      ];
    }),
  );
}

function rebuildForeignKey({ mapping, child, parent, name, definition }: KeyToMove): ExplainedStatement[] {
  const table = qualified(child);
  const lasting = definition.replace(/\s+NOT VALID$/i, '');
  const add = `ALTER TABLE ${table} ADD CONSTRAINT ${identifier(name)} ${lasting}`;
  if (child.kind === 'partitioned') {
    return [
      statement(mapping, 'restores a foreign key', add, `SHARE ROW EXCLUSIVE on ${table} and ${qualified(parent)}`),
    ];
  }
  return [
    statement(
      mapping,
      'restores a foreign key',
      `${add} NOT VALID`,
      `SHARE ROW EXCLUSIVE on ${table} and ${qualified(parent)}, for a moment`,
    ),
    statement(
      mapping,
      'validates it',
      `ALTER TABLE ${table} VALIDATE CONSTRAINT ${identifier(name)}`,
      `SHARE UPDATE EXCLUSIVE on ${table}, ROW SHARE on ${qualified(parent)}`,
    ),
  ];
}

function secondary({ mapping, relation }: MappedTable): Relation['indexes'] {
  return relation.indexes.filter((index) => !index.primary || !mapping.targetKeyInjective);
}

function dropIndexes(table: MappedTable): ExplainedStatement[] {
  const { mapping, relation } = table;
  return secondary(table).map((index) =>
    statement(
      mapping.name,
      'drops an index for the load',
      index.constraint === null
        ? `DROP INDEX ${qualified({ schema: relation.schema, name: index.name })}`
        : `ALTER TABLE ${qualified(relation)} DROP CONSTRAINT ${identifier(index.constraint)}`,
      `ACCESS EXCLUSIVE on ${qualified(relation)}, for a moment`,
    ),
  );
}

function rebuildIndexes(table: MappedTable): ExplainedStatement[] {
  const { mapping, relation } = table;
  return secondary(table).map((index) =>
    statement(
      mapping.name,
      'builds an index again',
      index.definition,
      `${index.constraint === null ? 'SHARE' : 'SHARE, then ACCESS EXCLUSIVE for a moment,'} on ${qualified(relation)}`,
    ),
  );
}

/** CHECKs that only the target can evaluate; those of which the source can are part of what it reads. */
function noteBroken({ mapping }: MappedTable): ExplainedStatement[] {
  return mapping.checks
    .filter(({ reason }) => reason === null)
    .map(({ name, expression }) =>
      statement(
        mapping.name,
        `leaves out rows that break ${name}, if discovery saw any`,
        `UPDATE pg_temp.rowproof_careful SET broken = … WHERE (${expression}) IS FALSE`,
        'none on your tables',
      ),
    );
}

function copy({ mapping, relation }: MappedTable): ExplainedStatement {
  const columns = mapping.columns.map((column) => identifier(column.target)).join(', ');
  return statement(
    mapping.name,
    'loads one batch, with its receipt in the same transaction',
    `COPY ${qualified(relation)} (${columns}) FROM STDIN (FORMAT ${mapping.copyFormat})`,
    `ROW EXCLUSIVE on ${qualified(relation)}`,
  );
}

function settle({ mapping, relation }: MappedTable): ExplainedStatement {
  return statement(
    mapping.name,
    'removes rows that break a unique or foreign key and quarantines them',
    `DELETE FROM ${qualified(relation)} WHERE … /* the keys that were found */`,
    `ROW EXCLUSIVE on ${qualified(relation)}`,
  );
}

function disableTriggers({ mapping, relation }: MappedTable): ExplainedStatement[] {
  return relation.triggers
    .filter((trigger) => trigger.enabled !== 'D')
    .map((trigger) =>
      statement(
        mapping.name,
        'disables a trigger for the load, if the decision says so',
        `ALTER TABLE ${qualified(relation)} DISABLE TRIGGER ${identifier(trigger.name)}`,
        `SHARE ROW EXCLUSIVE on ${qualified(relation)}, for a moment`,
      ),
    );
}

function enableTriggers({ mapping, relation }: MappedTable): ExplainedStatement[] {
  const modes = { O: 'ENABLE', R: 'ENABLE REPLICA', A: 'ENABLE ALWAYS', D: null };
  return relation.triggers.flatMap((trigger) => {
    const mode = modes[trigger.enabled];
    if (mode === null) return [];
    return [
      statement(
        mapping.name,
        'restores the trigger as it was',
        `ALTER TABLE ${qualified(relation)} ${mode} TRIGGER ${identifier(trigger.name)}`,
        `SHARE ROW EXCLUSIVE on ${qualified(relation)}, for a moment`,
      ),
    ];
  });
}

function sequences({ mapping, relation }: MappedTable): ExplainedStatement[] {
  return relation.columns.flatMap((column) => {
    if (column.sequence === null) return [];
    const sequence = qualified(column.sequence).replaceAll("'", "''");
    return [
      statement(
        mapping.name,
        'moves a sequence past every value',
        `SELECT setval('${sequence}', …) /* the greatest of source, column and margin */`,
        'ROW EXCLUSIVE on the sequence',
      ),
    ];
  });
}
