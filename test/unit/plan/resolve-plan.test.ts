import { parsePlan } from '../../../src/plan/parse-plan';
import { resolvePlan } from '../../../src/plan/resolve/resolve-plan';
import { catalog, relation } from './catalogs';
import { crmCatalogs, crmPlan } from './crm-plan';
import type { Catalogs } from '../../../src/compile/catalogs';

const head = 'version: 1\nname: p\nsources: { old: "${OLD}" }\ntarget: "${NEW}"\n';

function resolve(text: string, catalogs: Catalogs) {
  const parsed = parsePlan(text, 'p.yaml');
  if (parsed.plan === null) throw new Error(JSON.stringify(parsed.problems));
  return resolvePlan(parsed.plan, catalogs, parsed.locate);
}

function codes(text: string, catalogs: Catalogs): string[] {
  return resolve(text, catalogs).problems.map(({ code, where }) => `${code} ${where?.line}:${where?.column}`);
}

const copies: Catalogs = {
  sources: {
    old: catalog([
      relation('public.country', 'id integer#, name text, note text'),
      relation('public.city', 'id integer#, name text'),
      relation('public.tmp_load', 'id integer#'),
      relation('public.people', 'id integer#, who text'),
      relation('public.a view', 'id integer', { kind: 'view' }),
    ]),
  },
  target: catalog([
    relation('crm.country', 'id integer#, name text, iso text'),
    relation('crm.city', 'id integer#, name text'),
    relation('crm.city_2020', 'id integer#', { partitionOf: { schema: 'crm', name: 'city' } }),
    relation('crm.tmp_load', 'id integer#'),
    relation('crm.people', 'id uuid#, name text'),
    relation('crm.only_new', 'id integer#'),
    relation('crm.a view', 'id integer'),
  ]),
};

describe('resolving a plan', () => {
  it('fills in defaults and refers to mappings by name', () => {
    const { plan, problems, paths } = resolve(crmPlan, crmCatalogs);
    expect(problems).toEqual([]);
    expect(plan?.mappings.map((mapping) => mapping.name)).toEqual(['customer', 'sales_order']);
    expect(plan?.mappings[1]).toEqual({
      name: 'sales_order',
      target: { schema: 'crm', name: 'sales_order' },
      source: 'legacy',
      from: { schema: 'public', name: 'orders' },
      key: null,
      where: null,
      id: { kind: 'uuid_from', from: ['order_id'], column: null },
      columns: [
        { target: 'customer_id', from: ['cust_no'], steps: [], ref: 'customer', parentOutOfScope: 'out_of_scope' },
        {
          target: 'ordered_on',
          from: ['order_dt'],
          steps: [{ name: 'parse_date', args: ['DD/MM/YYYY'] }],
          parentOutOfScope: 'quarantine',
        },
        {
          target: 'total',
          from: ['total_cents'],
          steps: [{ name: 'scale', args: '-2' }],
          parentOutOfScope: 'quarantine',
        },
      ],
      ignore: [],
      only: false,
      whenNotEmpty: 'refuse',
      onBadRow: 'quarantine',
      maxBadRows: { rows: null, percent: 0.5 },
      unmappedSourceColumns: 'error',
      rules: {},
    });
    expect(plan?.decisions[0]?.expect).toEqual({ rows: 1204, tolerance: 10 });
    expect(plan?.settings).toEqual({
      ticket: 'CHG-4711',
      approvers: { cutover: ['ben', 'eva'] },
      notify: { http: '${SLACK_URL}', command: null },
      gates: [],
      onFailure: 'ask',
      batch: { rows: null, bytes: 32 * 1024 * 1024, inFlight: 4 },
      proof: { sliceRows: 5_000_000, workMem: null, maxSnapshotAgeMs: 600_000 },
      profile: null,
      sequenceMargin: 1000,
      stallAfterMs: 300_000,
      lockTimeoutMs: 5000,
      statementTimeoutMs: 60_000,
      pattern: 'copy',
      capture: { maxChangeLogBytes: 4 * 2 ** 30, maxWalBytes: 8 * 2 ** 30, lockTimeoutMs: 300, lockBudgetMs: 300_000 },
      delta: {
        roundKeys: 60_000,
        pauseMs: 500,
        throttle: {
          query: null,
          pauseAbove: null,
          abortAbove: null,
          maxReplicaLagMs: null,
          abortReplicaLagMs: null,
          maxLockWaits: null,
          abortLockWaits: null,
        },
      },
      cutover: {
        maxFreezeMs: 5000,
        maxLagMs: 5000,
        maxProofAgeMs: 3_600_000,
        lockTimeoutMs: 500,
        lockBudgetMs: 120_000,
        confirmSwitch: false,
        books: 'frozen',
      },
      switch: null,
    });
    expect(paths['customer']).toEqual(['tables', 'crm.customer']);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it('expands a pattern to the tables that both sides have, and columns of the same name', () => {
    const text = `${head}tables:\n  "crm.*": { from: public.*, exclude: [crm.tmp_*], max_bad_rows: 3 }\n  crm.people: { id: { uuid_from: id }, columns: { name: who } }\n`;
    const { plan, problems } = resolve(text, copies);
    expect(problems).toEqual([]);
    expect(
      plan?.mappings.map(({ name, from, columns }) => [name, from.name, columns.map((column) => column.target)]),
    ).toEqual([
      ['people', 'people', ['name']],
      ['country', 'country', ['id', 'name']],
      ['city', 'city', ['id', 'name']],
    ]);
    expect(plan?.mappings.map((mapping) => mapping.maxBadRows.rows)).toEqual([3, 3, 3]);
  });

  it('adds columns of the same name beside listed ones, without the id, ignored ones and generated ones', () => {
    const catalogs: Catalogs = {
      sources: { old: catalog([relation('o.t', 'id integer#, a text, b text, c text, d text')]) },
      target: catalog([
        (() => {
          const table = relation('s.t', 'id uuid#, a text, b text, c text, d text, e text');
          return {
            ...table,
            columns: table.columns.map((one) => (one.name === 'd' ? { ...one, generated: true } : one)),
          };
        })(),
      ]),
    };
    const text = `${head}tables:\n  s.t: { from: o.t, id: { uuid_from: id }, ignore: [c], columns: { b: { from: b, steps: [trim] }, "*": "*" } }\n`;
    expect(resolve(text, catalogs).plan?.mappings[0]?.columns.map((column) => column.target)).toEqual(['b', 'a']);
  });

  it('says when a pattern brings nothing and when two bring the same table', () => {
    expect(codes(`${head}tables:\n  "crm.*": { from: "nowhere.*" }\n`, copies)).toEqual(['RP1020 6:3']);
    expect(
      codes(`${head}tables:\n  "crm.c*": { from: "public.c*" }\n  "crm.*y": { from: "public.*y" }\n`, copies),
    ).toEqual(['RP1008 7:3', 'RP1008 7:3']);
  });

  it('tells tables of the same name apart by their schema, whatever the names are', () => {
    const text = `${head}tables:\n  a.x: { from: o.t, columns: "*" }\n  b.x: { from: o.t, columns: "*" }\n  c.a_x: { from: o.t, columns: "*" }\n  c.toString: { from: o.t, columns: "*" }\n  '"my.schema"."We ""quote"""': { from: o.t, columns: "*" }\n`;
    const { plan } = resolve(text, { sources: {}, target: catalog([]) });
    const names = plan?.mappings.map((mapping) => mapping.name) ?? [];
    expect(names).toEqual(['a.x', 'b_x', 'a_x', 'toString', 'We "quote"']);
    expect(plan?.mappings[4]?.target).toEqual({ schema: 'my.schema', name: 'We "quote"' });
  });

  it('follows a one-to-one table to the table that has the id, and refuses a circle of them', () => {
    const catalogs: Catalogs = {
      sources: {},
      target: catalog([
        relation('s.person', 'id uuid#'),
        relation('s.customer', 'id uuid#'),
        relation('s.note', 'id integer#, customer_id uuid'),
      ]),
    };
    const plan = (person: string) =>
      `${head}tables:\n  s.person: { from: o.p, ${person} }\n  s.customer: { from: o.c, columns: { id: { from: p_no, ref: person } } }\n  s.note: { from: o.n, columns: { customer_id: { from: p_no, ref: s.customer } } }\n`;
    const good = resolve(plan('id: { uuid_from: no }, columns: { x: x }'), catalogs);
    expect(good.plan?.mappings[2]?.columns[0]?.ref).toBe('person');
    expect(
      parsePlan(plan('columns: { id: { from: c_no, ref: customer } }'), 'p.yaml').problems.map((one) => one.code),
    ).toEqual(['RP1009']);
  });

  it('refuses an id and a column that write the same primary key', () => {
    const text = `${head}tables:\n  crm.people: { from: public.people, id: { uuid_from: id }, columns: { id: who } }\n`;
    expect(codes(text, copies)).toEqual(['RP1007 6:72']);
  });

  it('refuses casts in SQL by the type of the column', () => {
    const catalogs: Catalogs = {
      sources: {
        old: catalog([
          relation('o.t', 'txt text, ts timestamp without time zone, tz timestamp with time zone, n integer'),
        ]),
      },
      target: catalog([relation('s.t', 'id integer#')]),
    };
    const refused = (sql: string) =>
      codes(`${head}tables:\n  s.t: { from: o.t, columns: { a: { sql: ${JSON.stringify(sql)} } } }\n`, catalogs)
        .length > 0;
    expect(
      [
        'txt::date',
        'ts::timestamptz',
        'tz::date',
        'tz::text',
        'cast(txt as timestamp)',
        'date(txt)',
        '("txt")::date',
      ].filter(refused).length,
    ).toBe(7);
    expect(
      ['ts::date', 'n::text', 'ts::text', "(tz at time zone 'Europe/Berlin')::date", "ts at time zone 'UTC'"].filter(
        refused,
      ),
    ).toEqual([]);
  });

  it('expands ignored tables and finds spot checks by short name', () => {
    const text = `${head}ignore_tables: [public.tmp_*]\ntables:\n  crm.city: { from: public.city, columns: "*" }\nspot_checks: { big: { table: city, file: big.csv } }\n`;
    const { plan } = resolve(text, copies);
    expect(plan?.ignoreSourceTables).toEqual(['public.tmp_load']);
    expect(plan?.spotChecks).toEqual([{ name: 'big', mapping: 'city', file: 'big.csv' }]);
  });

  it('puts exact decisions before patterns, and narrower patterns first', () => {
    const decision = (id: string) => `  "${id}": { do: accept, because: x, by: y }\n`;
    const text = `${head}tables:\n  crm.city: { from: public.city, columns: "*" }\ndecisions:\n${decision('*')}${decision('city.*')}${decision('city.name.not_null')}`;
    expect(resolve(text, copies).plan?.decisions.map((one) => one.finding)).toEqual([
      'city.name.not_null',
      'city.*',
      '*',
    ]);
  });
});
