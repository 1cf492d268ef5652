import { indexQuarantine } from '../../src/postgres/ledger/quarantine/quarantine-partition';
import { openCopyRun } from '../database/copy/copy-run';
import { ownCluster } from '../support/postgres/own-cluster';

export interface ViolationFigures {
  readonly rows: number;
  /** Rows a second of a table without violations, and of the same table where every third row breaks a CHECK. */
  readonly clean: number;
  /** The CHECK is evaluated by the source. */
  readonly violated: number;
  readonly ratio: number;
  /** The CHECK calls a function of the target. */
  readonly staged: number;
  readonly stagedRatio: number;
  /** Milliseconds for the unique index over what both put into quarantine, which is built when the copy is over. */
  readonly index: number;
}

const tables = ['clean', 'violated', 'staged'] as const;

/** Best of five of each, in turn, so that all have the same weather. */
export async function measureViolations(rows: number): Promise<ViolationFigures> {
  const cluster = await ownCluster({ shared_buffers: '1GB', fsync: 'on', full_page_writes: 'on' });
  try {
    const best = { clean: 0, violated: 0, staged: 0 };
    let index = Infinity;
    for (let time = 0; time < 5; time += 1) {
      const run = await openCopyRun({
        source: tables
          .map(
            (name) => `create table ${name} (id int primary key, qty int, who text); insert into ${name}
              select i, case when i % 3 = 0 and '${name}' <> 'clean' then -1 else 1 end, 'Person ' || i from generate_series(1, ${rows}) i`,
          )
          .join('; '),
        target: `create function fine(int) returns boolean language sql immutable as 'select $1 > 0';
          create table clean (id int primary key, qty int check (qty > 0), who text);
          create table violated (id int primary key, qty int check (qty > 0), who text);
          create table staged (id int primary key, qty int constraint fine check (public.fine(qty)), who text)`,
        mappings: tables.map((name) => ({ name, columns: [{ target: 'id' }, { target: 'qty' }, { target: 'who' }] })),
      });
      try {
        await run.source.query('vacuum analyze');
        await run.target.query(`insert into rowproof.finding (run, id, mapping, kind, severity, rows, sentence)
          values ('${run.ref.run}', 'staged.fine.check', 'staged', 'check', 'decide', 1, 'known')`);
        for (const name of tables) {
          await run.activities.planBatches({ ref: run.ref, mapping: name });
          const { ordinals } = await run.activities.pendingBatches({ ref: run.ref, mapping: name, limit: 10_000 });
          const begun = performance.now();
          for (const ordinal of ordinals) await run.activities.copyBatch({ ref: run.ref, mapping: name, ordinal });
          best[name] = Math.max(best[name], rows / ((performance.now() - begun) / 1_000));
        }
        const ledger = await run.databases.ledger(run.ref, 'bench');
        const begun = performance.now();
        await indexQuarantine(ledger, run.ref.run).finally(() => ledger.close());
        index = Math.min(index, performance.now() - begun);
      } finally {
        await run.drop();
      }
    }
    return { rows, ...best, ratio: best.violated / best.clean, stagedRatio: best.staged / best.clean, index };
  } finally {
    await cluster.stop();
  }
}
