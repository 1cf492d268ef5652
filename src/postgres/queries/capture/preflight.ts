import type { CapturedRelation } from '../../../capture/captured-relations';
import { captureSites } from '../../../capture/trigger-sql';
import type { QualifiedName } from '../../../contract/catalog';
import { problem, type Problem } from '../../../errors/rowproof-error';
import { qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import { relationNames, tableTree } from '../schema-change/table-tree';
import { readCaptureFingerprint } from './fingerprint';
import { readTrees } from './tree';
import { flag } from '../../row';

/** Whether the server takes no writes because it follows another one. */
export async function isStandby(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ standby: string }>('select pg_catalog.pg_is_in_recovery()::text as standby');
  return flag(rows[0], 'standby');
}

/** What keeps triggers from being installed on this source, all of it at once. `reads` are columns a mapping of a relation reads. */
export async function triggerProblems(
  session: Session,
  relations: readonly CapturedRelation[],
  reads: (relation: CapturedRelation) => readonly string[],
): Promise<Problem[]> {
  const source = session.connection.label;
  // nothing else can be told of a standby
  if (await isStandby(session)) return [problem('RP5301', `${source} is a standby`, { where: { object: source } })];
  return [...(await schemaProblems(session)), ...(await relationProblems(session, relations, reads))];
}

/** What keeps our schema from being made on this source, or anything in it. */
async function schemaProblems(session: Session): Promise<Problem[]> {
  const { rows } = await session.query<{ may_create: string }>(
    `select coalesce((select pg_catalog.has_schema_privilege(oid, 'create') and pg_catalog.has_schema_privilege(oid, 'usage')
                      from pg_catalog.pg_namespace where nspname = 'rowproof'),
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create'))::text as may_create`,
  );
  if (flag(rows[0], 'may_create')) return [];
  const { label, user } = session.connection;
  const what = `Role ${user} may not create schema rowproof, or anything in it, on ${label}`;
  return [problem('RP5307', what, { where: { object: label } })];
}

/** What keeps the tables behind these relations from being frozen on this source, all of it at once. */
export async function freezeProblems(session: Session, relations: readonly QualifiedName[]): Promise<Problem[]> {
  const { label, user } = session.connection;
  if (await isStandby(session)) return [problem('RP5301', `${label} is a standby`, { where: { object: label } })];
  const { rows } = await session.query<{ table: string }>(
    `with recursive ${tableTree}
     select pg_catalog.format('%I.%I', n.nspname, c.relname) as "table"
     from tree join pg_catalog.pg_class c using (oid) join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and not pg_catalog.pg_has_role(c.relowner, 'usage') order by 1`,
    [relationNames(relations)],
  );
  const foreign = rows.map(({ table }) =>
    problem('RP5502', `Role ${user} does not own ${table}, which the run freezes`, { where: { object: table } }),
  );
  return [...(await schemaProblems(session)), ...foreign];
}

async function relationProblems(
  session: Session,
  relations: readonly CapturedRelation[],
  reads: (relation: CapturedRelation) => readonly string[],
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const trees = await readTrees(
    session,
    relations.map(({ relation }) => relation),
  );
  const foreign = await notOwned(
    session,
    [...trees.values()].flatMap((tree) => tree.map(({ oid }) => oid)),
  );
  const fingerprint = await readCaptureFingerprint(session, relations, null);
  for (const site of captureSites(relations)) {
    const object = qualified(site.relation);
    const where = { object };
    const add = (code: Problem['code'], what: string): number => problems.push(problem(code, what, { where }));
    const tree = trees.get(object);
    const facts = fingerprint.relations.find(({ ids }) => ids.includes(site.id));
    if (tree === undefined || facts === undefined) {
      add('RP5306', `${object} no longer exists`);
      continue;
    }
    const unfit = tree.filter((node) => !['r', 'p'].includes(node.kind) || node.persistence === 't');
    for (const node of unfit) add('RP5303', `${qualified(node)} is a ${kindName(node.kind, node.persistence)}`);
    if (unfit.length > 0) continue;
    const columns = new Set(facts.columns.map(({ name }) => name));
    const needed = new Set(site.keys.flatMap((one) => [...one.key.map(({ name }) => name), ...reads(one)]));
    for (const name of needed) if (!columns.has(name)) add('RP5305', `${object} no longer has column ${name}`);
    for (const node of tree) {
      if (foreign.has(node.oid) && node.kind === 'r') {
        add('RP5302', `Role ${session.connection.user} does not own ${qualified(node)}`);
      }
    }
    if (facts.rowSecurity) {
      add('RP5304', `Row security of ${object} applies to role ${session.connection.user}`);
    }
  }
  return problems;
}

async function notOwned(session: Session, oids: readonly string[]): Promise<Set<string>> {
  const { rows } = await session.query<{ oid: string }>(
    `select oid::text as oid from pg_catalog.pg_class where oid = any ($1::oid[]) and not pg_catalog.pg_has_role(relowner, 'usage')`,
    [oids],
  );
  return new Set(rows.map(({ oid }) => oid));
}

function kindName(kind: string, persistence: string): string {
  if (persistence === 't') return 'temporary table';
  return { v: 'view', m: 'materialized view', f: 'foreign table' }[kind] ?? 'relation without rows of its own';
}
