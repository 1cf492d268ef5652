import type { MappingPlan } from '../../contract/resolved-plan';
import { problem, type Problem } from '../../errors/rowproof-error';
import {
  ledgerIsPossible,
  temporaryTablesArePossible,
  tryExpression,
} from '../../postgres/queries/discovery/check-plan';
import { subscribedRelations } from '../../postgres/queries/cutover/barrier';
import type { Session } from '../../postgres/session';
import { sourceProblems } from '../capture/check-source';
import { wayBackProblems } from './way-back';
import { compile, withSession, type ReadPlan } from './read-plan';
import type { CompiledPlan } from '../../contract/compiled';

export interface CheckedPlan {
  readonly compiled: CompiledPlan | null;
  readonly problems: readonly { readonly problem: Problem; readonly severity: 'error' | 'warning' }[];
}

/**
 * Everything that can be said of a plan before a run: the compiler's problems, and what only the servers can tell. `readsOnly`: of a run
 * that makes nothing on its sources, as one of a part of the tables or rows.
 */
export async function checkPlan(
  read: ReadPlan,
  env: NodeJS.ProcessEnv,
  { readsOnly = false }: { readonly readsOnly?: boolean } = {},
): Promise<CheckedPlan> {
  const { compiled, problems } = compile(read);
  const asked = [
    ...(await trySql(read, env)),
    ...(compiled === null || readsOnly ? [] : await trySources(read, compiled, env)),
    ...(await tryTarget(read, compiled, env)),
  ];
  const all = [...problems, ...asked.map((found) => ({ problem: found, severity: 'error' as const }))];
  return { compiled: asked.length > 0 ? null : compiled, problems: all };
}

async function trySql(read: ReadPlan, env: NodeJS.ProcessEnv): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [name, spec] of Object.entries(read.plan.sources)) {
    const mappings = read.plan.mappings.filter((mapping) => mapping.source === name && texts(mapping).length > 0);
    if (mappings.length === 0) continue;
    await withSession(spec, env, 'check', async (session) => {
      for (const mapping of mappings) {
        for (const { sql, path } of texts(mapping)) {
          const says = await tryExpression(session, mapping.from, sql);
          if (says === null) continue;
          const table = `${mapping.target.schema}.${mapping.target.name}`;
          problems.push(
            problem('RP2044', `${table}, ${path.join('.')}: ${says}`, {
              where: read.locate(['tables', table, ...path]),
            }),
          );
        }
      }
    });
  }
  return problems;
}

/** Rights and settings of each source, for what the run makes there. */
async function trySources(read: ReadPlan, compiled: CompiledPlan, env: NodeJS.ProcessEnv): Promise<Problem[]> {
  const problems: Problem[] = [];
  if (compiled.plan.settings.pattern === 'copy') return problems;
  for (const [name, spec] of Object.entries(read.plan.sources)) {
    const of = { side: 'source', name } as const;
    problems.push(...(await withSession(spec, env, 'check', (session) => sourceProblems(compiled, name, session), of)));
  }
  return problems;
}

async function subscribed(session: Session, { plan, locate }: ReadPlan): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { target } of plan.mappings) {
    const where = locate(['tables', `${target.schema}.${target.name}`]);
    for (const table of await subscribedRelations(session, [target]))
      problems.push(problem('RP5450', `A subscription writes to ${table} of the target`, { where }));
  }
  return problems;
}

function texts(mapping: MappingPlan): { sql: string; path: string[] }[] {
  const where = mapping.where === null ? [] : [{ sql: mapping.where, path: ['where'] }];
  return [
    ...where,
    ...mapping.columns.flatMap((column) =>
      column.sql === undefined ? [] : [{ sql: column.sql, path: ['columns', column.target] }],
    ),
  ];
}

/** Rights and guests of the target: what this role may make there, and whether all that a run takes away could come back. */
export function tryTarget(read: ReadPlan, compiled: CompiledPlan | null, env: NodeJS.ProcessEnv): Promise<Problem[]> {
  const { user } = read.catalogs.target.server;
  return withSession(read.plan.target, env, 'check', async (session) => {
    const ledger = await ledgerIsPossible(session);
    return [
      ...(ledger ? [] : [problem('RP2045', `The role ${user} may not create schema rowproof.`)]),
      ...((await temporaryTablesArePossible(session))
        ? []
        : [problem('RP2046', `The role ${user} may not make temporary tables on the target.`)]),
      ...(await subscribed(session, read)),
      ...(compiled === null ? [] : await wayBackProblems(session, compiled.mappings, { ledger })),
    ];
  });
}
