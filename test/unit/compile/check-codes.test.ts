import { createHash } from 'node:crypto';
import { compilePlan } from '../../../src/compile/compile-plan';
import type { Catalog } from '../../../src/contract/catalog';
import type { ColumnPlan, MappingPlan, ResolvedPlan } from '../../../src/contract/resolved-plan';
import { parsePlan } from '../../../src/plan/parse-plan';
import { resolvePlan } from '../../../src/plan/resolve/resolve-plan';
import { catalog, column, table, type } from './small-catalog';

const people = [
  column('id', type('integer'), true),
  column('name', type('text')),
  column('note', type('text')),
] as const;
const source = catalog([table('public', 'people', people)]);
const target = catalog([table('crm', 'person', people)]);

const text = `
version: 1
name: crm
sources: { legacy: { url: "\${S}" } }
target: { url: "\${T}" }
tables:
  crm.person: { from: public.people, ignore: [note], columns: { id: id, name: name } }
`;

/** Codes with their severity, of plans and catalogs that no plan file and no server of the tests brings about. */
function said(given: { plan?: (plan: ResolvedPlan) => ResolvedPlan; source?: Catalog; target?: Catalog }): string[] {
  const catalogs = { sources: { legacy: given.source ?? source }, target: given.target ?? target };
  const parsed = parsePlan(text, 'crm.yaml');
  const resolved = parsed.plan === null ? null : resolvePlan(parsed.plan, catalogs, parsed.locate).plan;
  if (resolved === null) throw new Error(JSON.stringify(parsed.problems));
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
  const plan = given.plan?.(resolved) ?? resolved;
  const { problems } = compilePlan(plan, catalogs, 'test', { sha256 }, { digest: 'd', code: 'c' });
  return problems.map(({ problem, severity }) => `${problem.code} ${severity}`);
}

const mapping =
  (change: Partial<MappingPlan>) =>
  (plan: ResolvedPlan): ResolvedPlan => ({
    ...plan,
    mappings: plan.mappings.map((one) => ({ ...one, ...change })),
  });
const name =
  (change: Partial<ColumnPlan>) =>
  (plan: ResolvedPlan): ResolvedPlan => ({
    ...plan,
    mappings: plan.mappings.map((one) => ({
      ...one,
      columns: one.columns.map((two) => (two.target === 'name' ? { ...two, ...change } : two)),
    })),
  });

describe('compilePlan says by a code', () => {
  it.each<[string, string[], Parameters<typeof said>[0]]>([
    ['nothing of a plan that fits', [], {}],
    ['transactions that are prepared', ['RP2028 warning'], { source: { ...source, preparedTransactions: 2 } }],
    [
      'a target that is a standby',
      ['RP2029 error'],
      { target: { ...target, server: { ...target.server, isStandby: true } } },
    ],
    [
      'a server that is too old',
      ['RP2030 error'],
      { source: { ...source, server: { ...source.server, versionNum: 120018 } } },
    ],
    [
      'several columns for one, and no step that joins them',
      ['RP2034 error'],
      { plan: name({ from: ['id', 'name'] }) },
    ],
    [
      'a source that the plan does not have',
      ['RP2040 error', 'RP2010 warning'],
      { plan: mapping({ source: 'nowhere' }) },
    ],
    [
      'a reference to a table that is not filled',
      ['RP2042 error', 'RP2016 warning'],
      { plan: name({ ref: 'nowhere' }) },
    ],
    ['a column that is mapped and ignored', ['RP2043 warning'], { plan: mapping({ ignore: ['note', 'name'] }) }],
    [
      'a table that is filled twice',
      ['RP2019 error'],
      { plan: (plan) => ({ ...plan, mappings: plan.mappings.flatMap((one) => [one, { ...one, name: 'again' }]) }) },
    ],
  ])('%s', (_, codes, given) => {
    expect(said(given)).toEqual(codes);
  });
});
