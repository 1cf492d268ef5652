import { createHash } from 'node:crypto';
import { compilePlan } from '../../../src/compile/compile-plan';
import type { Catalog } from '../../../src/contract/catalog';
import type { CompiledPlan } from '../../../src/contract/compiled';
import type { ResolvedPlan } from '../../../src/contract/resolved-plan';
import { readCatalog } from '../../../src/postgres/catalog/read-catalog';
import { resolveConnection } from '../../../src/postgres/connection-spec';
import { openSession } from '../../../src/postgres/session';

async function catalogOf(plan: ResolvedPlan, url: string): Promise<Catalog> {
  const connection = await resolveConnection({ ...plan.target, url: '${URL}' }, { URL: url });
  const session = await openSession(connection, { applicationName: 'test' });
  try {
    return await readCatalog(session);
  } finally {
    await session.close();
  }
}

/** The plan compiled against the two real databases; raises with what `rowproof check` would report. */
export async function compileForTest(
  plan: ResolvedPlan,
  sourceUrl: string,
  targetUrl: string,
  secondUrl?: string,
): Promise<CompiledPlan> {
  const legacy = await catalogOf(plan, sourceUrl);
  const target = await catalogOf(plan, targetUrl);
  const second: Record<string, Catalog> = secondUrl === undefined ? {} : { second: await catalogOf(plan, secondUrl) };
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
  const digest = { digest: '00'.repeat(32), code: '0000-0000' };
  const { compiled, problems } = compilePlan(
    plan,
    { sources: { legacy, ...second }, target },
    'test',
    { sha256 },
    digest,
  );
  if (compiled === null) throw new Error(JSON.stringify(problems, null, 2));
  return compiled;
}
