import { createCutoverActivities } from '../../../activities/cutover';
import { createDatabases } from '../../../src/postgres/databases';

/** A process that does one cutover, as a worker does it, and prints what became of it: for tests that kill or stop it. */
async function main(run: string): Promise<void> {
  const databases = createDatabases({
    env: process.env,
    plansFolder: null,
    readPlanTarget: () => Promise.reject(new Error('no plans folder here')),
  });
  const host = { databases, signal: () => undefined, heartbeat: () => undefined };
  const cutover = createCutoverActivities(host, process.env);
  const { outcome, sentence } = await cutover.cutOver({
    ref: { run, ledger: 'env:TARGET_URL' },
    drill: false,
    by: 'ben',
  });
  process.stdout.write(`${JSON.stringify({ outcome, sentence })}\n`);
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`);
});
