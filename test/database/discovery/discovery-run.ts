import { openRun } from '../../../src/engine/run/open-run';
import type { RunRef } from '../../../src/contract/run';
import type { Databases } from '../../../src/postgres/databases';
import { createDatabase, type TestDatabase } from '../../support/postgres/postgres';
import { phasesOf } from '../phases';
import { createDiscoveryActivities } from '../../../activities/discovery';
import { openDatabases } from '../../../src/engine/open-databases';

export interface DiscoveryRun {
  readonly ref: RunRef;
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly databases: Databases;
  readonly activities: ReturnType<typeof createDiscoveryActivities>;
  /** Profiles every mapping and tries the rules; findings by id with their rows. */
  discover(): Promise<Record<string, number>>;
  drop(): Promise<void>;
}

/** Opens a run of a plan in YAML (without its head) between two new databases, as the CLI does. */
export async function openDiscovery(given: {
  source: string;
  target: string;
  plan: string;
  sourceEncoding?: string;
  targetEncoding?: string;
}): Promise<DiscoveryRun> {
  const encoded = (encoding: string | undefined): { encoding?: string } => (encoding === undefined ? {} : { encoding });
  const source = await createDatabase({ prefix: 'discovery_source', ...encoded(given.sourceEncoding) });
  const target = await createDatabase({ prefix: 'discovery_target', ...encoded(given.targetEncoding) });
  await source.query(given.source);
  await target.query(given.target);
  const env = { SOURCE_URL: source.url, TARGET_URL: target.url };
  const head =
    'version: 1\nname: trial\nsources: { legacy: { url: "${SOURCE_URL}" } }\ntarget: { url: "${TARGET_URL}" }\n';
  const { ref } = await openRun({ name: 'trial', file: 'trial.yaml', text: `${head}${given.plan}` }, env, {
    only: null,
    sample: null,
    workflowId: null,
    workflowIsOpen: () => Promise.resolve(false),
  });
  const databases = openDatabases({ env, plansFolder: null });
  const activities = createDiscoveryActivities({ databases, signal: () => undefined, heartbeat: () => undefined });
  return {
    ref,
    source,
    target,
    databases,
    activities,
    discover: phasesOf({ ref, target, databases }).discover,
    drop: async () => {
      await source.drop();
      await target.drop();
    },
  };
}
