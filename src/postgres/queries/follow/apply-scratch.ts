import { createScratchSql, createTableSql, dropScratchSql, type ScratchLifetime } from '../../../delta/apply-sql';
import type { ApplyTable } from '../../../delta/apply-table';
import { identifier } from '../../../sql/quote';
import type { Session } from '../../session';
import type { ApplyFacts } from './apply-facts';

/** Scratch tables of so many target tables stay in a session: each of them is emptied at every commit. */
const maxKept = 40;

/** Below this a plan cannot go far wrong. */
const fewPages = 4;

/**
 * The scratch tables of a round. Temporary ones stay from round to round of a session, empty, as long as the target's definitions do:
 * creating them costs more than a small round.
 */
export class RoundScratch {
  private constructor(
    private readonly session: Session,
    private readonly facts: ApplyFacts,
    /** Names without schema of those that stand. */
    private readonly existing: Set<string>,
    /** The table in which every subtransaction leaves the xmin of what it wrote, as SQL. */
    readonly stamp: string,
  ) {}

  /** Looks at what stands, in the round's transaction, and drops what fits no more. */
  static async open(session: Session, facts: ApplyFacts): Promise<RoundScratch> {
    const name = facts.temporary ? 'rowproof_round_stamp' : `round_stamp_${session.pid}`;
    const stamp = `${facts.temporary ? 'pg_temp' : 'rowproof'}.${identifier(name)}`;
    const existing = new Set(facts.temporary ? await temporaryTables(session) : []);
    const scratch = new RoundScratch(session, facts, existing, stamp);
    const stale = [...existing].filter((one) => kept.test(one) && !one.endsWith(`_${facts.version}`));
    if (stale.length > 0) {
      await session.query(`drop table ${stale.map((one) => `pg_temp.${identifier(one)}`).join(', ')}`);
      for (const one of stale) existing.delete(one);
    }
    if (!existing.has(name)) await session.query(createTableSql(stamp, 'one int', scratch.lifetime()));
    return scratch;
  }

  /** Creates those of a target table where they do not stand; all of a table's come and go together. */
  async create(table: ApplyTable): Promise<void> {
    const name = `rowproof_outcome_${table.number}_${this.facts.version}`;
    if (this.existing.has(name)) return;
    const lifetime = this.lifetime();
    await this.session.query(createScratchSql(table, lifetime));
    if (lifetime === 'session') this.existing.add(name);
  }

  /**
   * Counts what the scratch tables of these tables hold, where they are more than a few pages. Autovacuum never sees them, and without
   * figures a join of two takes one for almost empty and compares every row with every other.
   */
  async analyze(tables: readonly ApplyTable[]): Promise<void> {
    const names = tables.flatMap(({ scratch }) => Object.values(scratch));
    const { rows } = await this.session.query<{ name: string }>(
      `select name from pg_catalog.unnest($1::text[]) name
       where pg_catalog.pg_relation_size(name::pg_catalog.regclass) > ${fewPages} * pg_catalog.current_setting('block_size')::bigint`,
      [names],
    );
    if (rows.length === 0) return;
    await this.session.query(
      `set local default_statistics_target = 10; analyze ${rows.map(({ name }) => name).join(', ')}; reset default_statistics_target`,
    );
  }

  /** Temporary ones end with transaction or session; the others have to go before the round commits. */
  async drop(tables: readonly ApplyTable[]): Promise<void> {
    if (this.facts.temporary) return;
    await this.session.query([...tables.map(dropScratchSql), `drop table ${this.stamp}`].join('; '));
  }

  private lifetime(): ScratchLifetime {
    if (!this.facts.temporary) return 'dropped';
    const tables = [...this.existing].filter((one) => one.startsWith('rowproof_outcome_')).length;
    return tables < maxKept ? 'session' : 'round';
  }
}

const kept = /^rowproof_(raw|row|dirty|old|in_place|outcome|trace)_/;

async function temporaryTables(session: Session): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `select c.relname::text as name from pg_catalog.pg_class c
     where c.relnamespace = pg_catalog.pg_my_temp_schema() and c.relkind = 'r' and pg_catalog.starts_with(c.relname::text, 'rowproof_')`,
  );
  return rows.map(({ name }) => name);
}
