import { bindStatement } from '../../../src/compile/statements/bind-statement';
import type { CompiledMapping } from '../../../src/contract/compiled';
import type { RunRef } from '../../../src/contract/run';
import type { Alignment } from '../../../src/engine/follow/round-contract';
import type { Databases } from '../../../src/postgres/databases';
import type { LoadedRun } from '../../../src/postgres/ledger/run/run';
import { openApplyLeases, setRulesOn } from '../../../src/postgres/ledger/follow/apply-lease';
import { readRows } from '../../../src/postgres/read-rows';
import type { Session } from '../../../src/postgres/session';
import { inTransaction } from '../../../src/postgres/transaction';
import { identifier, qualified } from '../../../src/sql/quote';
import { writableQuarantine } from '../../support/writable-quarantine';

type Row = readonly (string | null)[];

/** What a mapping's source becomes: rows by key, and keys that are rejected with their finding. */
interface Outcome {
  readonly rows: ReadonlyMap<string, Row>;
  readonly rejected: ReadonlyMap<string, string>;
}

async function outcomeOf(source: Session, mapping: CompiledMapping): Promise<Outcome> {
  const rows = new Map<string, Row>();
  for (const [key, , ...values] of await readRows(source, bindStatement(mapping.statements.expected)))
    rows.set(key as string, values);
  const rejected = new Map<string, string>();
  for (const [key, reasons] of await readRows(source, bindStatement(mapping.statements.rejected))) {
    const index = Number((reasons as string).replace(/[{}]/g, '').split(',')[0]);
    rejected.set(key as string, mapping.reasons.find((reason) => reason.index === index)?.finding ?? '');
  }
  return { rows, rejected };
}

function same(a: Row | undefined, b: Row | undefined): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/**
 * Rounds made the plainest way, over mappings that keep their single key: both outcomes are computed whole and what differs from
 * the last round is written. Rows that did not change on the source are never touched, so that planted faults stay.
 */
export class StandInRounds {
  private readonly last = new Map<string, Outcome>();
  private queue: Promise<unknown> = Promise.resolve();
  alignments = 0;

  constructor(
    private readonly databases: Databases,
    private readonly ref: RunRef,
    private readonly run: LoadedRun,
  ) {}

  /** Before anything changed on the source after the copy. */
  async start(): Promise<void> {
    const { source, target } = await this.open('start');
    await openApplyLeases(target, this.ref.run);
    await setRulesOn(target, this.ref.run);
    await writableQuarantine(target);
    for (const mapping of this.run.compiled.mappings) this.last.set(mapping.name, await outcomeOf(source, mapping));
    await Promise.all([source.close(), target.close()]);
  }

  round(): Promise<void> {
    return this.alone(async () => {
      const { source, target } = await this.open('round');
      await source.query('begin isolation level repeatable read read only');
      await this.apply(source, target);
      await Promise.all([source.close(), target.close()]);
    });
  }

  align(): Promise<Alignment> {
    return this.alone(async () => {
      this.alignments += 1;
      const { source, target } = await this.open('align');
      await source.query('begin isolation level repeatable read read only');
      const sourceId = await exported(source);
      const round = await this.apply(source, target);
      await target.query('begin isolation level repeatable read read only');
      const targetId = await exported(target);
      return {
        round,
        sources: new Map([['legacy', { session: source, snapshotId: sourceId }]]),
        target: { session: target, snapshotId: targetId },
        close: async () => {
          await Promise.all([source.close(), target.close()]);
        },
      };
    });
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.queue.then(work);
    this.queue = next.catch(() => undefined);
    return next;
  }

  private async open(purpose: string): Promise<{ source: Session; target: Session }> {
    const source = await this.databases.source(this.run.compiled, 'legacy', purpose);
    return { source, target: await this.databases.ledger(this.ref, purpose) };
  }

  private async apply(source: Session, target: Session): Promise<number> {
    const outcomes = new Map<string, Outcome>();
    for (const mapping of this.run.compiled.mappings) outcomes.set(mapping.name, await outcomeOf(source, mapping));
    const round = await inTransaction(target, 'read write', async () => {
      const { rows } = await target.query<{ round: string }>(
        `update rowproof.apply_lease set round = round + 1 where run = $1 and lease = 'delta' returning round::text as round`,
        [this.ref.run],
      );
      const number = Number(rows[0]?.round);
      for (const mapping of this.run.compiled.mappings)
        await this.write(target, mapping, outcomes.get(mapping.name) as Outcome, number);
      return number;
    });
    for (const [name, outcome] of outcomes) this.last.set(name, outcome);
    return round;
  }

  private async write(target: Session, mapping: CompiledMapping, now: Outcome, round: number): Promise<void> {
    const before = this.last.get(mapping.name) as Outcome;
    const keys = new Set([
      ...before.rows.keys(),
      ...now.rows.keys(),
      ...before.rejected.keys(),
      ...now.rejected.keys(),
    ]);
    const changed = [...keys].filter(
      (key) => !same(before.rows.get(key), now.rows.get(key)) || before.rejected.get(key) !== now.rejected.get(key),
    );
    const name = [this.ref.run, mapping.name];
    const own = identifier((mapping.targetKey[0] as { name: string }).name);
    const columns = mapping.columns.map((column) => identifier(column.target)).join(', ');
    const places = mapping.columns.map((_, index) => `$${index + 1}`).join(', ');
    for (const key of changed) {
      const id = (JSON.parse(key) as string[])[0];
      await target.query(`delete from ${qualified(mapping.target)} where ${own}::text = $1`, [id]);
      const row = now.rows.get(key);
      if (row !== undefined)
        await target.query(`insert into ${qualified(mapping.target)} (${columns}) values (${places})`, [...row]);
      else if (before.rows.has(key))
        await target.query(
          `insert into rowproof.touched_target values ($1, $2, $3, $4)
           on conflict (run, mapping, target_key) do update set round = excluded.round`,
          [...name, key, round],
        );
      await target.query(
        `insert into rowproof.touched values ($1, $2, $3, $4)
         on conflict (run, mapping, source_key) do update set round = excluded.round`,
        [...name, key, round],
      );
      await target.query('delete from rowproof.quarantine where run = $1 and mapping = $2 and source_key = $3', [
        ...name,
        key,
      ]);
      const finding = now.rejected.get(key);
      if (finding !== undefined)
        await target.query(
          `insert into rowproof.quarantine (run, mapping, source_key, class, reason, finding, findings)
           values ($1, $2, $3, 'quarantined', 'cast', $4, array[$4])`,
          [...name, key, finding],
        );
    }
    await target.query(
      `insert into rowproof.delta_reconciliation as b (run, mapping, migrated, quarantined) values ($1, $2, $3, $4)
       on conflict (run, mapping) do update set migrated = b.migrated + excluded.migrated,
         quarantined = b.quarantined + excluded.quarantined`,
      [...name, now.rows.size - before.rows.size, now.rejected.size - before.rejected.size],
    );
  }
}

async function exported(session: Session): Promise<string> {
  const { rows } = await session.query<{ id: string }>('select pg_catalog.pg_export_snapshot() as id');
  return (rows[0] as { id: string }).id;
}
