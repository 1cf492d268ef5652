import type { Verdict } from '../../../src/contract/activity-types';
import { openDiscovery, type DiscoveryRun } from '../discovery/discovery-run';
import { phasesOf } from '../phases';

/** What a migration of two databases said and did, from the first look to the verdict. */
export interface WholeRun extends DiscoveryRun {
  /** Rows by finding, as discovery counted them; what types only drop is apart. */
  readonly found: Readonly<Record<string, number>>;
  /** Rows with something that the target's types drop, by finding. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Rows in quarantine by finding, as copy and settle filed them. */
  readonly filed: Readonly<Record<string, number>>;
  /** Proves again what is there now. */
  prove(): Promise<Verdict>;
}

/** Discovers, decides `quarantine` with the count that was found, prepares, copies and settles. The proof is the test's. */
export async function runWhole(given: Parameters<typeof openDiscovery>[0]): Promise<WholeRun> {
  const run = await openDiscovery(given);
  const { ref, activities } = run;
  try {
    const all = Object.entries(await run.discover());
    const notes = await run.target.query<{ id: string }>(`select id from rowproof.finding where kind = 'dropped'`);
    const isDropped = ([id]: readonly [string, number]): boolean => notes.some((note) => note.id === id);
    const found = Object.fromEntries(all.filter((one) => !isDropped(one)));
    for (const finding of await activities.undecidedFindings(ref)) {
      const { id, rows } = finding;
      const expect = { rows, tolerance: 0 };
      await activities.decide({ ref, message: { finding: id, do: 'quarantine', by: 'ana', reason: 'known', expect } });
    }
    const phases = phasesOf(run);
    await phases.prepare();
    await phases.copy();
    await phases.settle();
    const rows = await run.target.query<{ finding: string; n: string }>(
      'select finding, count(*)::text n from rowproof.quarantine group by finding order by finding',
    );
    return {
      ...run,
      found,
      dropped: Object.fromEntries(all.filter(isDropped)),
      filed: Object.fromEntries(rows.map(({ finding, n }) => [finding, Number(n)])),
      prove: phases.prove,
    };
  } catch (error) {
    await run.drop();
    throw error;
  }
}
