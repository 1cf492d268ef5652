import type { CompiledColumn, CompiledMapping, CompiledPlan } from '../../../src/contract/compiled';
import type { MappingPlan, ResolvedPlan } from '../../../src/contract/resolved-plan';
import { openSession } from '../../../src/postgres/session';
import { resolveConnection } from '../../../src/postgres/connection-spec';
import { readCatalog } from '../../../src/postgres/catalog/read-catalog';
import type { Catalog } from '../../../src/contract/catalog';
import { identifier, qualified } from '../../../src/sql/quote';

async function catalogOf(url: string): Promise<Catalog> {
  const spec = {
    url,
    urlFile: null,
    passwordFile: null,
    envPrefix: null,
    tls: { mode: null, caFile: null, certFile: null, keyFile: null },
  };
  const session = await openSession(await resolveConnection({ ...spec, url: '${URL}' }, { URL: url }), {
    applicationName: 'test',
  });
  try {
    return await readCatalog(session);
  } finally {
    await session.close();
  }
}

export async function compileForTest(plan: ResolvedPlan, sourceUrl: string, targetUrl: string): Promise<CompiledPlan> {
  const [source, target] = [await catalogOf(sourceUrl), await catalogOf(targetUrl)];
  return {
    format: 1,
    plan,
    digest: '00'.repeat(32),
    code: '0000-0000',
    engine: 'test',
    mappings: plan.mappings.map((mapping) => handMade(mapping, source, target)),
  };
}

function handMade(mapping: MappingPlan, source: Catalog, target: Catalog): CompiledMapping {
  const from = source.relations.find((r) => r.schema === mapping.from.schema && r.name === mapping.from.name)!;
  const to = target.relations.find((r) => r.schema === mapping.target.schema && r.name === mapping.target.name)!;
  const key = from.primaryKey!.columns.map((name) => {
    const column = from.columns.find((one) => one.name === name)!;
    return { name, type: column.type, order: 'bytes' as const };
  });
  const k = `jsonb_build_array(${key.map((c) => `${identifier(c.name)}::text`).join(', ')})::text`;
  const order = key.map((c) => identifier(c.name)).join(', ');
  const rel = qualified(mapping.from);
  const scope = mapping.where === null ? 'true' : `(${mapping.where}) is true`;
  const columns = mapping.columns.map((column) => {
    const t = to.columns.find((one) => one.name === column.target)!;
    return { ...column, type: t.type, notNull: t.notNull } as unknown as CompiledColumn;
  });
  const expr = (c: CompiledColumn): string => c.sql ?? identifier(c.from[0]!);
  return {
    name: mapping.name,
    source: mapping.source,
    where: mapping.where,
    from: mapping.from,
    target: mapping.target,
    encoding: 'UTF8',
    estimatedRows: from.estimatedRows,
    estimatedBytes: from.estimatedBytes,
    key,
    columns,
    reasons: [],
    uniques: [],
    references: [],
    checks: [],
    referencedColumns: [],
    copyFormat: 'binary',
    onBadRow: mapping.onBadRow,
    maxBadRows: mapping.maxBadRows,
    statements: {
      load: `select ${columns.map(expr).join(', ')} from ${rel} where {{range}} and ${scope} order by ${order}`,
      rejected: `select ${k}, '{}'::int[], null::text from ${rel} where false`,
      counts: `select count(*) as total, count(*) filter (where not (${scope})) as out_of_scope, 0 as scope_unknown, 0 as rejected from ${rel} where {{range}}`,
      raw: `select ${k}, ${columns.map((c) => `(${expr(c)})::text`).join(', ')} from ${rel} where {{range}} and ${scope} order by ${order}`,
      boundaries: `select ${key.map((_, i) => `k${i}`).join(', ')} from (select ${key.map((c, i) => `${identifier(c.name)}::text as k${i}`).join(', ')}, row_number() over (order by ${order}) n from ${rel} where {{range}}) b where n % {{rows}} = 0 order by n`,
    },
  } as unknown as CompiledMapping;
}
