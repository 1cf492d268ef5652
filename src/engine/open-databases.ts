import type { ConnectionSpec } from '../contract/resolved-plan';
import { fail } from '../errors/rowproof-error';
import { connectionsOf } from '../plan/resolve/connections';
import { parsePlan } from '../plan/parse-plan';
import { createDatabases, type Databases } from '../postgres/databases';
import { plansFolder } from './plans-folder';

/** Sessions by name for a process with this environment and plans folder; used by the worker and by the CLI. */
export function openDatabases(from: { env: NodeJS.ProcessEnv; plansFolder: string | null }): Databases {
  const plans = plansFolder(from.plansFolder);
  return createDatabases({
    env: from.env,
    plansFolder: from.plansFolder,
    readPlanTarget: async (name: string): Promise<ConnectionSpec> => {
      const file = await plans.find(name);
      const { plan } = parsePlan(file.text, file.file);
      if (plan === null) throw fail('RP4209', `Plan ${name}, which names the ledger of the run, cannot be read here.`);
      return connectionsOf(plan).target;
    },
  });
}
