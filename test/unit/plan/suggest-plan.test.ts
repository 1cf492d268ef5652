import fc from 'fast-check';
import { parsePlan } from '../../../src/plan/parse-plan';
import { resolvePlan } from '../../../src/plan/resolve/resolve-plan';
import { nameSimilarity } from '../../../src/plan/suggest/name-similarity';
import { suggestPlan } from '../../../src/plan/suggest/suggest-plan';
import { catalog, foreignKey, relation } from './catalogs';
import { crmCatalogs } from './crm-plan';

const legacy = catalog([
  ...crmCatalogs.sources.legacy.relations,
  relation('public.audit_trail', 'at timestamp without time zone, what text'),
]);

const target = catalog([
  crmCatalogs.target.relations[0] as never,
  {
    ...(crmCatalogs.target.relations[1] as NonNullable<(typeof crmCatalogs.target.relations)[1]>),
    foreignKeys: [foreignKey(['customer_id'], 'crm.customer', ['id'])],
  },
  relation('crm.loyalty_tier', 'id uuid#, points integer!'),
]);

describe('a suggested plan', () => {
  const text = suggestPlan({
    name: 'crm',
    sources: { legacy: { url: '${LEGACY_URL}', catalog: legacy } },
    target: { url: '${CRM_URL}', catalog: target },
  });

  it('reads back without a problem and resolves against the same catalogs', () => {
    const parsed = parsePlan(text, 'crm.yaml');
    expect(parsed.problems).toEqual([]);
    const resolved = resolvePlan(parsed.plan as never, { sources: { legacy }, target }, parsed.locate);
    expect(resolved.problems).toEqual([]);
  });

  it('pairs tables and columns by abbreviated names, with ids, references and steps', () => {
    const { plan } = parsePlan(text, 'crm.yaml');
    expect(plan?.tables['crm.customer']).toMatchObject({
      from: 'public.tbl_cust',
      id: { uuid_from: 'cust_no' },
      columns: {
        full_name: 'cust_nm',
        email: 'e_mail',
        status: 'stat',
        signed_up_on: { from: 'signup_dt', steps: [{ parse_date: ['YYYY-MM-DD'] }] },
        updated_at: { from: 'upd_ts', steps: [{ at_zone: 'UTC' }] },
      },
    });
    expect(plan?.tables['crm.sales_order']).toMatchObject({
      from: 'public.orders',
      id: { uuid_from: 'order_id' },
      columns: {
        customer_id: { from: 'cust_no', ref: 'crm.customer' },
        total: { from: 'total_cents', steps: [{ scale: '-2' }] },
      },
    });
  });

  it('says in comments what is left to decide', () => {
    expect(text).toMatch(/# +crm\.loyalty_tier/);
    expect(text).toMatch(/# +- public\.audit_trail/);
    expect(text).toMatch(/# ignore: \[del_flag, fax_no, old_password\]/);
  });

  it('shows what a NOT NULL column lacks instead of leaving it out', () => {
    const shown = suggestPlan({
      name: 'p',
      sources: { old: { url: '${A}', catalog: catalog([relation('o.t', 'id integer#, a text')]) } },
      target: { url: '${B}', catalog: catalog([relation('n.t', 'id integer#, a text, region text!')]) },
    });
    expect(shown).toMatch(/# region: \{ value: … \} +NOT NULL without a default/);
    expect(shown).toMatch(/id: \{ keep: id \}/);
  });

  it('reads back when nothing looks alike and when a side is empty', () => {
    const [some, none] = [catalog([relation('x.abc', 'q integer#')]), catalog([])];
    const other = catalog([relation('y.zzz', 'w json#')]);
    for (const [from, to] of [
      [some, other],
      [none, other],
      [some, none],
      [none, none],
    ] as const) {
      const shown = suggestPlan({
        name: 'A b',
        sources: { old: { url: '${A}', catalog: from } },
        target: { url: '${B}', catalog: to },
      });
      expect(parsePlan(shown, 'p.yaml').problems).toEqual([]);
    }
  });

  it('reads back whatever tables and columns are called', () => {
    const name = fc.oneof(
      fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
        .filter((one) => !one.includes('\0') && !/\p{Surrogate}/u.test(one)),
      fc.constantFrom(
        '*',
        'a.b',
        '"',
        'null',
        'no',
        '010',
        '1',
        '# x',
        ': ',
        '- ',
        '{a}',
        '&a',
        '*a',
        '!x',
        '@',
        '%',
        '`',
        "'",
        '\n',
        '\t',
        '\u2028',
        '\u0085',
        '\ufeff',
        '\u007f',
        'toString',
        '__proto__',
        'Größe',
        '😀',
      ),
    );
    const table = fc
      .record({ schema: name, table: name, columns: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }) })
      .map(({ schema, table: called, columns }) => {
        const base = relation('s.t', columns.map((_, index) => `c${index} text${index === 0 ? '#' : ''}`).join(', '));
        const renamed = base.columns.map((one, index) => ({ ...one, name: columns[index] as string }));
        return {
          ...base,
          schema,
          name: called,
          columns: renamed,
          primaryKey: { name: 'pk', columns: [columns[0] as string] },
        };
      });
    const tables = fc.uniqueArray(table, { maxLength: 3, selector: (one) => JSON.stringify([one.schema, one.name]) });
    fc.assert(
      fc.property(tables, fc.boolean(), (relations, severalSources) => {
        const one = { url: '${A}', catalog: catalog(relations) };
        const sources: Record<string, typeof one> = severalSources
          ? { a: one, b: { ...one, catalog: catalog([]) } }
          : { a: one };
        const shown = suggestPlan({ name: 'p', sources, target: { url: '${B}', catalog: catalog(relations) } });
        const parsed = parsePlan(shown, 'p.yaml');
        expect(parsed.problems).toEqual([]);
        if (relations.length === 0) return;
        const resolved = resolvePlan(
          parsed.plan as never,
          {
            sources: Object.fromEntries(Object.entries(sources).map(([key, { catalog: inner }]) => [key, inner])),
            target: catalog(relations),
          },
          parsed.locate,
        );
        expect(resolved.problems).toEqual([]);
        // Equal tables on both sides find each other under exactly their names.
        expect(resolved.plan?.mappings.map((mapping) => mapping.from).sort()).toEqual(
          resolved.plan?.mappings.map((mapping) => mapping.target).sort(),
        );
      }),
      { numRuns: 150 },
    );
  });
});

describe('the likeness of names', () => {
  it.each([
    ['tbl_cust', 'customer'],
    ['CustomerAddress', 'customer_addresses'],
    ['e_mail', 'email'],
    ['qty', 'quantity'],
    ['inv_dt', 'invoice_date'],
    ['PostalCode', 'zip'],
  ])('sees %s in %s', (a, b) => {
    expect(nameSimilarity(a, b)).toBeGreaterThan(0.8);
  });

  it.each([
    ['customer', 'invoice'],
    ['created_at', 'total'],
    ['first_name', 'last_name'],
  ])('keeps %s and %s apart', (a, b) => {
    expect(nameSimilarity(a, b)).toBeLessThan(0.5);
  });
});
