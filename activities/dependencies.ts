import type { ConnectionSpec } from '../src/contract/resolved-plan';
import { fail } from '../src/errors/rowproof-error';
import { connectionsOf } from '../src/plan/resolve/connections';
import { parsePlan } from '../src/plan/parse-plan';
import { createDatabases, type Databases } from '../src/postgres/databases';
import { plansFolder } from '../src/engine/plans-folder';

/** What the activities of one worker stand on. */
export interface ActivityDependencies {
  readonly env: NodeJS.ProcessEnv;
  readonly plansFolder: string | null;
  /** Whether a workflow of that id runs now. */
  readonly workflowIsOpen: (workflowId: string) => Promise<boolean>;
  readonly searchAttributes: boolean;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

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
