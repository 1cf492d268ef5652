import { identifiesRow } from '../../../capture/logical-facts';
import type { CapturedRelation } from '../../../capture/captured-relations';
import { problem, type Problem } from '../../../errors/rowproof-error';
import { readIdentities } from '../../../postgres/queries/capture/logical-publication';
import { readRelationConditions, readSlotConditions } from '../../../postgres/queries/capture/logical-preflight';
import { readSlot } from '../../../postgres/queries/capture/logical-slot';
import { qualified } from '../../../sql/quote';
import type { PreflightWork } from '../capture-kind';
import { keysByOid } from './check-slot';
import { slotName } from './names';
import { leavesOf } from './logical-source';
import { isStandby } from '../../../errors/error-kinds';

/** A source that throws a slot away sooner than this much WAL is no ground to stand on. */
const minKeepSize = 2 ** 30;

/** What stands in the way of following a source by a slot, all at once. */
export async function logicalProblems(work: PreflightWork): Promise<Problem[]> {
  const server = await serverProblems(work);
  // a standby answers none of the rest
  if (server.some(({ code }) => isStandby(code))) return server;
  return [...server, ...(await relationProblems(work))];
}

async function serverProblems({ run, source, sourceName, name }: PreflightWork): Promise<Problem[]> {
  const where = { object: sourceName };
  const now = await readSlotConditions(source);
  if (now.standby) return [problem('RP5301', `Source ${sourceName} is a standby`, { where })];
  const problems: Problem[] = [];
  if (now.walLevel !== 'logical')
    problems.push(problem('RP5350', `wal_level of source ${sourceName} is ${now.walLevel}`, { where }));
  if (!now.mayReplicate)
    problems.push(
      problem('RP5351', `Role ${now.user} of source ${sourceName} may not use replication slots`, { where }),
    );
  if (!now.mayPublish)
    problems.push(
      problem('RP5352', `Role ${now.user} may not create a publication on source ${sourceName}`, { where }),
    );
  const own = name === null ? null : await readSlot(source, slotName(run, name, sourceName));
  if (now.slots >= now.slotLimit && own === null)
    problems.push(
      problem(
        'RP5353',
        `Source ${sourceName} has no free replication slot (max_replication_slots is ${now.slotLimit})`,
        { where },
      ),
    );
  const min = Math.min(run.compiled.plan.settings.capture.maxWalBytes, minKeepSize);
  if (now.keepSize !== null && now.keepSize < min) {
    const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
    problems.push(
      problem(
        'RP5354',
        `max_slot_wal_keep_size of source ${sourceName} is ${megabytes(now.keepSize)}; it has to be ${megabytes(min)} or more`,
        { where },
      ),
    );
  }
  return problems;
}

async function relationProblems({ run, source, relations }: PreflightWork): Promise<Problem[]> {
  const problems = new Map<string, Problem>();
  const add = (code: Problem['code'], object: string, what: string): void => {
    if (!problems.has(`${code} ${object}`))
      problems.set(`${code} ${object}`, problem(code, what, { where: { object } }));
  };
  const leaves = await leavesOf(source, relations);
  const proven = new Set(run.compiled.mappings.filter(({ keyProven }) => keyProven).map(({ name }) => name));
  for (const { relation, nodes } of leaves) {
    const table = qualified(relation.relation);
    const conditions = await readRelationConditions(source, relation.relation);
    if (conditions === null) {
      add('RP5306', table, `Table ${table} is gone`);
      continue;
    }
    if (!conditions.owned) add('RP5352', table, `The role of the source connection does not own ${table}`);
    if (conditions.rowSecurity)
      add('RP5304', table, `Row security of ${table} applies to role ${source.connection.user}`);
    for (const node of nodes) {
      const object = qualified(node);
      if (node.kind !== 'r') add('RP5356', object, `${object} is not a table`);
      else if (node.persistence !== 'p') add('RP5356', object, `${object} is not a permanent table`);
    }
    const fit = keyProblem(relation, conditions.generated, proven);
    if (fit !== null) add('RP5357', table, `${table}: ${fit}`);
  }
  const keys = keysByOid(
    leaves.map(({ relation, nodes }) => ({ relation, nodes: nodes.filter(({ kind }) => kind === 'r') })),
  );
  for (const identity of await readIdentities(source, [...keys.keys()])) {
    const columns = keys.get(identity.oid) ?? [];
    if (!identifiesRow(identity, columns)) {
      const said = identity.columns?.length === 0 ? 'is nothing' : `is (${identity.columns?.join(', ')})`;
      add(
        'RP5355',
        identity.name,
        `The replica identity of ${identity.name} ${said}, the key is (${columns.join(', ')})`,
      );
    }
  }
  return [...problems.values()];
}

function keyProblem(
  relation: CapturedRelation,
  generated: readonly string[],
  proven: ReadonlySet<string>,
): string | null {
  const computed = relation.key.find(({ name }) => generated.includes(name));
  if (computed !== undefined) return `key column ${computed.name} is generated`;
  if (!relation.mappings.every((name) => proven.has(name))) return 'no constraint keeps its key unique';
  return null;
}
