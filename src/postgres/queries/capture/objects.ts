import type { CaptureSite } from '../../../capture/trigger-sql';
import {
  changeTableStatements,
  createRowTrigger,
  createTruncateTrigger,
  dropTrigger,
  enableAlways,
  captureFunctionBody,
  captureFunction,
  purgeTableStatements,
  siteNames,
} from '../../../capture/trigger-sql';
import { fail } from '../../../errors/rowproof-error';
import { identifier, literal, qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import { isInsufficientPrivilege, isUndefinedFunction, isSchemaKept } from '../../sqlstate';
import { inTransaction } from '../../transaction';
import { changeTableOid } from './fingerprint';
import { withShortLock, type LockBudget } from './lock';
import { changeTable, changeTableName, purgeTable } from './name';
import { readTrees, type TreeNode } from './tree';
import { flag } from '../../row';

/** pg_trigger.tgtype of an AFTER INSERT OR UPDATE OR DELETE row trigger, and of an AFTER TRUNCATE statement trigger. */
const rowType = '29';
const truncateType = '32';

/** Schema, change table and functions; what stands already is kept. RP5307 where the role may not. */
export async function createChangeObjects(
  session: Session,
  name: string,
  sites: readonly CaptureSite[],
): Promise<void> {
  const table = changeTable(name);
  try {
    await inTransaction(session, 'read write', async () => {
      // two attempts at once: the second waits here instead of failing on a unique index of the catalog
      await session.query(
        `select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('rowproof capture'), pg_catalog.hashtext($1))`,
        [name],
      );
      const { rowCount } = await session.query(`select from pg_catalog.pg_namespace where nspname = 'rowproof'`);
      if (rowCount === 0) await session.query('create schema rowproof');
      if ((await changeTableOid(session, name)) === null) {
        for (const statement of changeTableStatements(table, name)) await session.query(statement);
      }
      for (const statement of purgeTableStatements(purgeTable(name))) await session.query(statement);
      for (const site of sites) {
        if (await standsFunction(session, name, site, table)) continue;
        await session.query(captureFunction(name, site, table));
        await session.query(
          `revoke all on function rowproof.${identifier(siteNames(name, site).function)}() from public`,
        );
      }
    });
  } catch (error) {
    if (!isInsufficientPrivilege(error)) throw error;
    const { label, user } = session.connection;
    throw fail('RP5307', `Role ${user} may not create the change log in schema rowproof on ${label}`, {
      where: { object: label },
      cause: error,
    });
  }
}

/** A function that is right stays untouched: replacing it would look like somebody else's change. */
async function standsFunction(session: Session, name: string, site: CaptureSite, table: string): Promise<boolean> {
  const { body, settings } = captureFunctionBody(site, table);
  const { rowCount } = await session.query(
    `select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname = 'rowproof' and p.proname = $1 and p.prosrc = $2 and p.prosecdef
       and pg_catalog.cardinality(p.proconfig) = $3 + 1`,
    [siteNames(name, site).function, body, settings.length],
  );
  return rowCount === 1;
}

interface Installed {
  readonly name: string;
  readonly enabled: string;
  readonly right: boolean;
}

async function existingTriggers(session: Session, name: string, site: CaptureSite, oid: string): Promise<Installed[]> {
  const names = siteNames(name, site);
  const { rows } = await session.query<{
    name: string;
    enabled: string;
    type: string;
    function: string;
    plain: string;
  }>(
    `select t.tgname::text as name, t.tgenabled::text as enabled, t.tgtype::text as type, n.nspname || '.' || p.proname as function,
       (t.tgqual is null and t.tgattr::text = '')::text as plain
     from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where t.tgrelid = $1::oid and t.tgname = any ($2::text[])`,
    [oid, [names.rowTrigger, names.truncateTrigger]],
  );
  return rows.map((row) => ({
    name: row.name,
    enabled: row.enabled,
    right:
      flag(row, 'plain') &&
      row.function === `rowproof.${names.function}` &&
      row.type === (row.name === names.rowTrigger ? rowType : truncateType),
  }));
}

/**
 * Both triggers on every table that holds rows of a site: on the table itself, its inheritance children, or its partitions, each in
 * a short transaction of its own. Partitions carry triggers of their own rather than clones of the parent's: one lock at a time, on
 * every version, and a partition that is detached for a while goes on being captured. Waits for the writers in flight.
 */
export async function createTriggers(
  session: Session,
  name: string,
  site: CaptureSite,
  budget: LockBudget,
): Promise<void> {
  const names = siteNames(name, site);
  const tree = (await readTrees(session, [site.relation])).get(qualified(site.relation)) ?? [];
  for (const node of tree.filter(({ kind }) => kind === 'r')) {
    const wanted = [
      { trigger: names.rowTrigger, create: createRowTrigger(name, site, node) },
      { trigger: names.truncateTrigger, create: createTruncateTrigger(name, site, node) },
    ];
    const existing = await existingTriggers(session, name, site, node.oid);
    const open = wanted.filter(
      ({ trigger }) => !existing.some((one) => one.name === trigger && one.right && one.enabled === 'A'),
    );
    if (open.length === 0) continue;
    await whileTheLogStands(name, () =>
      withShortLock(session, { name: qualified(node), oid: node.oid }, budget, async () => {
        for (const { trigger, create } of open) {
          const known = existing.find((one) => one.name === trigger);
          if (known !== undefined && !known.right) await session.query(dropTrigger(node, trigger));
          if (known === undefined || !known.right) await session.query(create);
          await session.query(enableAlways(node, trigger));
        }
      }),
    );
  }
}

/** Functions are created first and once: when they are gone later, a rollback removed them, and nothing must come back. */
async function whileTheLogStands(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isUndefinedFunction(error)) throw error;
    throw fail('RP5310', `The functions of the change log ${changeTableName(name)} are gone`, { cause: error });
  }
}

/**
 * Drops every trigger that calls a function of this capture, wherever it is by now (tables may have been renamed or detached), each in a
 * short transaction.
 */
export async function dropTriggers(session: Session, name: string, budget: LockBudget): Promise<number> {
  const { rows } = await session.query<{ schema: string; relation: string; oid: string; triggers: string }>(
    `select n.nspname::text as schema, c.relname::text as relation, c.oid::text as oid, pg_catalog.jsonb_agg(t.tgname)::text as triggers
     from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
     join pg_catalog.pg_namespace f on f.oid = p.pronamespace join pg_catalog.pg_class c on c.oid = t.tgrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where f.nspname = 'rowproof' and p.proname ~ $1 and t.tgparentid = 0
     group by 1, 2, 3 order by 1, 2`,
    [functionPattern(name)],
  );
  for (const row of rows) {
    const relation: Pick<TreeNode, 'schema' | 'name'> = { schema: row.schema, name: row.relation };
    await withShortLock(session, { name: qualified(relation), oid: row.oid }, budget, async () => {
      const { rowCount } = await session.query('select from pg_catalog.pg_class where oid = $1::oid', [row.oid]);
      if (rowCount === 0) return;
      for (const trigger of JSON.parse(row.triggers) as string[]) await session.query(dropTrigger(relation, trigger));
    });
  }
  return rows.length;
}

/** Names of functions hold only `[a-z0-9_]`. */
function functionPattern(name: string): string {
  return `^mark_${name}_[0-9]+$`;
}

async function captureFunctions(session: Session, name: string): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `select p.proname::text as name from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname = 'rowproof' and p.proname ~ $1`,
    [functionPattern(name)],
  );
  return rows.map((row) => row.name);
}

/** Makes the triggers do nothing, at once and without a lock on any table of the application. */
export async function muteTriggers(session: Session, name: string): Promise<void> {
  for (const one of await captureFunctions(session, name)) {
    await session.query(
      `create or replace function rowproof.${identifier(one)}() returns trigger language plpgsql security definer
       set search_path = pg_catalog, pg_temp as ${literal('begin return null; end')}`,
    );
  }
}

/** Empties the change table, where its changes count no more. */
export async function emptyChangeTable(session: Session, name: string, budget: LockBudget): Promise<void> {
  const oid = await changeTableOid(session, name);
  if (oid === null) return;
  await withShortLock(session, { name: changeTable(name), oid }, budget, async () => {
    await session.query(`truncate table ${changeTable(name)}`);
  });
}

/** Functions and change table, once no trigger calls them; the schema too when nothing else is in it. */
export async function dropChangeObjects(session: Session, name: string, budget: LockBudget): Promise<void> {
  const object = { name: changeTable(name), oid: (await changeTableOid(session, name)) ?? '0' };
  await withShortLock(session, object, budget, async () => {
    for (const one of await captureFunctions(session, name)) {
      await session.query(`drop function if exists rowproof.${identifier(one)}()`);
    }
    await session.query(`drop table if exists ${changeTable(name)}, ${purgeTable(name)}`);
  });
  await dropEmptySchema(session);
}

async function dropEmptySchema(session: Session): Promise<void> {
  const { rowCount } = await session.query(
    `select from pg_catalog.pg_namespace n where n.nspname = 'rowproof' and pg_catalog.pg_has_role(n.nspowner, 'usage')
       and not exists (select from pg_catalog.pg_depend d where d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = n.oid)`,
  );
  if (rowCount === 0) return;
  try {
    await session.query('drop schema rowproof restrict');
  } catch (error) {
    // another run put something into it, or dropped it, a moment ago
    if (!isSchemaKept(error)) throw error;
  }
}
