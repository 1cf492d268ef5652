import type { CompiledMapping } from '../../contract/compiled';
import { problem, type Problem } from '../../errors/rowproof-error';
import { readForeignKeys } from '../../postgres/queries/schema-change/foreign-key';
import { readIndexes } from '../../postgres/queries/schema-change/index-build';
import {
  changedForeignKeys,
  enabledEventTriggers,
  missingGrants,
  missingReferences,
  publishedWithoutIdentity,
  rowSecured,
  tryWayBack,
  type Refused,
} from '../../postgres/queries/schema-change/way-back';
import type { Session } from '../../postgres/session';
import { whyKept } from '../../rollback/kept-index';
import { foreignKeyTrial, indexTrials } from '../../rollback/way-back';
import { qualified } from '../../sql/quote';
import { isStatementError } from '../../postgres/sqlstate';

type Mapped = Pick<CompiledMapping, 'name' | 'target' | 'targetKey' | 'targetKeyInjective'>;

/**
 * What keeps the target from being put back as it is, found before anything is taken away: every index and foreign key that goes for
 * the load is made on an empty table by this role, in a transaction that is rolled back. Changes nothing.
 */
export async function wayBackProblems(
  session: Session,
  mappings: readonly Mapped[],
  options: { readonly ledger: boolean; readonly heartbeat?: () => void },
): Promise<Problem[]> {
  const indexes = (await readIndexes(session, mappings)).filter(({ exclusion, depended, ...detail }) => {
    const mapping = mappings.find((one) => one.name === detail.mapping) as Mapped;
    return whyKept(detail, { exclusion, depended }, mapping) === null;
  });
  const keys = await readForeignKeys(session, mappings);
  const trials = [...indexes.flatMap(indexTrials), ...keys.map(foreignKeyTrial)];
  const refused = await tryWayBack(session, trials, options);
  const nodes = indexes.flatMap(({ root, partitions }) => [root, ...partitions]);
  const grants = [...(await missingGrants(session, nodes)), ...(await missingReferences(session, keys))];
  const guests = refused.length === 0 ? [] : await enabledEventTriggers(session);
  return [...refusals(refused, grants, guests, session.connection.user), ...(await otherProblems(session, mappings))];
}

/** One problem for all that the same missing rights, or the same event triggers, keep away. */
function refusals(
  refused: readonly Refused[],
  grants: readonly string[],
  guests: readonly string[],
  user: string,
): Problem[] {
  if (grants.length > 0) {
    const subjects = refused.length === 0 ? 'Indexes and foreign keys of the target' : subjectsOf(refused);
    return [
      problem('RP2075', `${subjects} could not be made again by role ${user}.`, {
        where: { object: refused[0]?.subject ?? 'target' },
        fix: `${grants.join('; ')}; then run check again. Or drop what is named before the run.`,
      }),
    ];
  }
  const reasons = new Map<string, Refused[]>();
  for (const one of refused) reasons.set(one.says, [...(reasons.get(one.says) ?? []), one]);
  return [...reasons.values()].map((same) => {
    const { subject, sqlstate, says } = same[0] as Refused;
    const where = { object: subject };
    // what no privilege explains and a sound statement meets is somebody's code
    if (guests.length > 0 && !isStatementError(sqlstate)) {
      return problem('RP2076', `${subjectsOf(same)} could not be made again: ${says} (SQLSTATE ${sqlstate}).`, {
        where,
        why: `The database has event triggers: ${guests.join(', ')}. They fire for the DDL of every session, including that of a run.`,
      });
    }
    return problem(
      'RP2075',
      `${subjectsOf(same)} could not be made again by role ${user}: ${says} (SQLSTATE ${sqlstate}).`,
      {
        where,
      },
    );
  });
}

function subjectsOf(refused: readonly Refused[]): string {
  const shown = refused.slice(0, 3).map(({ subject }) => subject);
  return refused.length > 3 ? `${shown.join(', ')} and ${refused.length - 3} more` : shown.join(', ');
}

async function otherProblems(session: Session, mappings: readonly Mapped[]): Promise<Problem[]> {
  const disabled = await changedForeignKeys(session, mappings);
  const published = await publishedWithoutIdentity(session, mappings);
  const secured = await rowSecured(session, mappings);
  return [
    ...disabled.map(({ relation, name }) =>
      problem(
        'RP2073',
        `Triggers of foreign key ${name} of ${qualified(relation)} are disabled or not in their default state.`,
        {
          where: { object: qualified(relation) },
        },
      ),
    ),
    ...secured.map((relation) =>
      problem('RP2077', `Row security of ${qualified(relation)} applies to role ${session.connection.user}.`, {
        where: { object: qualified(relation) },
        fix: `ALTER TABLE ${qualified(relation)} NO FORCE ROW LEVEL SECURITY for the duration of the run, or connect as a role with BYPASSRLS.`,
      }),
    ),
    ...published.map((relation) =>
      problem('RP2074', `${qualified(relation)} is published and has no replica identity.`, {
        where: { object: qualified(relation) },
        fix: `ALTER TABLE ${qualified(relation)} REPLICA IDENTITY FULL, or add a primary key.`,
      }),
    ),
  ];
}
