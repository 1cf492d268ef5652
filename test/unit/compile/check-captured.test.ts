import { createHash } from 'node:crypto';
import { compilePlan } from '../../../src/compile/compile-plan';
import type { Catalog, Relation } from '../../../src/contract/catalog';
import { parsePlan } from '../../../src/plan/parse-plan';
import { resolvePlan } from '../../../src/plan/resolve/resolve-plan';
import { catalog, column, table, type } from './small-catalog';

const people = table('public', 'people', [column('id', type('integer'), true), column('name', type('text'))]);
const target = catalog([table('crm', 'person', [column('id', type('bigint'), true), column('name', type('text'))])]);

interface Case {
  readonly capture?: string;
  readonly where?: string;
  readonly name?: string;
  readonly from?: Partial<Relation>;
  readonly server?: Partial<Catalog['server']>;
  readonly settings?: string;
}

/** Codes of what `check` says about keys, views and expressions of a captured plan. */
function found({
  capture = 'triggers',
  where = 'true',
  name = 'name',
  from = {},
  server = {},
  settings = '',
}: Case): string[] {
  const text = `version: 1
name: crm
sources: { legacy: { url: "\${S}" } }
target: { url: "\${T}" }
capture: ${capture}
tables:
  crm.person:
    from: public.people
    key: [id]
    where: ${JSON.stringify(where)}
    columns: { id: id, name: ${name} }
${settings}`;
  const parsed = parsePlan(text, 'crm.yaml');
  if (parsed.plan === null) throw new Error(JSON.stringify(parsed.problems));
  const small = {
    ...catalog([{ ...people, ...from }]),
    mutableFunctions: [
      { schema: 'public', name: 'wanted' },
      { schema: 'my Schema', name: 'Wanted' },
    ],
  };
  const catalogs = { sources: { legacy: { ...small, server: { ...small.server, ...server } } }, target };
  const resolved = resolvePlan(parsed.plan, catalogs, parsed.locate);
  if (resolved.plan === null) throw new Error(JSON.stringify(resolved.problems));
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
  const { problems } = compilePlan(resolved.plan, catalogs, 'test', { sha256 }, { digest: 'd', code: 'c' });
  return problems.map(({ problem, severity }) => `${severity} ${problem.code}`);
}

describe('a plan that captures changes', () => {
  it('takes a table with a proven key and expressions over its own row', () => {
    expect(found({ where: 'id > 5 and name is not null' })).toEqual([]);
    // not among those that are not IMMUTABLE, or not called at all
    expect(found({ where: 'public.fixed(id) and pg_catalog.wanted(id) and (people.id) > 5' })).toEqual([]);
  });

  it.each<[string, Case, string[]]>([
    ['a view', { from: { kind: 'view' } }, ['error RP2047']],
    ['a filter that reads another table', { where: 'id in (select x.id from public.x)' }, ['error RP2048']],
    [
      'an expression that reads another table',
      { name: '{ sql: "(select max(x.name) from public.x where x.id = people.id)" }' },
      ['error RP2048'],
    ],
    ['a function that may', { where: 'public.wanted(id)' }, ['error RP2051']],
    ['a quoted one, in an expression', { name: `{ sql: 'lower("my Schema" . "Wanted" (name))' }` }, ['error RP2051']],
    ['a key that nothing keeps unique', { from: { primaryKey: null } }, ['error RP2049']],
    ['a standby', { server: { isStandby: true } }, ['error RP2050']],
  ])('is told about %s', (_, given, problems) => {
    expect(found(given).filter((one) => /RP20(4[7-9]|5[01])/.test(one))).toEqual(problems);
    expect(found({ ...given, capture: 'none' }).filter((one) => /RP20(4[7-9]|5[01])/.test(one))).toEqual([]);
  });

  it('refuses to freeze what a trigger cannot guard', () => {
    const frozen = { capture: 'none', settings: 'settings: { pattern: big_bang }' };
    for (const kind of ['view', 'materialized view', 'foreign table'] as const)
      expect(found({ ...frozen, from: { kind } })).toContain('error RP2052');
    expect(found({ ...frozen, from: { kind: 'partitioned' } })).not.toContain('error RP2052');
    expect(found({ capture: 'none', from: { kind: 'view' } })).not.toContain('error RP2052');
  });

  it('is told about a standby as well where the source is to be frozen, and not where it is only read', () => {
    const standby = { capture: 'none', server: { isStandby: true } };
    expect(found({ ...standby, settings: 'settings: { pattern: big_bang }' })).toContain('error RP2050');
    expect(found({ ...standby, settings: 'settings: { pattern: copy }' })).not.toContain('error RP2050');
  });
});
