import { readFileSync } from 'node:fs';
import { createCopyActivities } from '../../activities/copy';
import { createDiscoveryActivities } from '../../activities/discovery';
import { createValidationActivities } from '../../activities/proof';
import type { RunRef } from '../../src/contract/run';
import { createDatabases } from '../../src/postgres/databases';

/** The other process of `migrateApart`: what the worker of one mapping does, and one line of JSON. */
async function main(): Promise<void> {
  const ref = JSON.parse(process.env['RUN'] as string) as RunRef;
  const mapping = process.env['MAPPING'] as string;
  const databases = createDatabases({
    env: process.env,
    plansFolder: null,
    readPlanTarget: () => Promise.reject(new Error('no plans folder here')),
  });
  const host = { databases, signal: () => undefined, heartbeat: () => undefined };
  const discovery = createDiscoveryActivities(host);
  await discovery.profileMapping({ ref, mapping });
  await discovery.tryTargetRules(ref);
  const copy = createCopyActivities(host);
  await copy.planBatches({ ref, mapping });
  const { ordinals } = await copy.pendingBatches({ ref, mapping, limit: 10_000 });
  for (const ordinal of ordinals) await copy.copyBatch({ ref, mapping, ordinal });
  const validation = createValidationActivities({ databases, plansFolder: null });
  await validation.proveMapping({ ref, mapping });
  await validation.proveReferences(ref);
  await validation.checkRules(ref);
  await validation.runSpotChecks(ref);
  const { green, problems } = await validation.reconcile(ref);
  process.stdout.write(JSON.stringify({ green, problems, peak: peakBytes() }));
}

function peakBytes(): number {
  try {
    // of this program alone: what getrusage says begins with the process that started it
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return Number(kilobytes) * 1_024;
  } catch {
    return process.resourceUsage().maxRSS * 1_024;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
