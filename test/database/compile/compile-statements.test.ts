import { bindStatement } from '../../../src/compile/statements/bind-statement';
import type { CompiledMapping } from '../../../src/contract/compiled';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { compileFine, expectAgreement, loadAll, openSides, rejectedBySql, rowsOf } from './compile-harness';

let source: TestDatabase;
let target: TestDatabase;
let sides: Awaited<ReturnType<typeof openSides>>;

beforeAll(async () => {
  source = await createDatabase({ prefix: 'compile_src' });
  target = await createDatabase({ prefix: 'compile_dst' });
  await source.query(`
    create table public.tbl_cust (
      cust_no integer primary key, cust_nm text, e_mail varchar(80), stat text, signup_dt text, upd_ts timestamp,
      del_flag char(1), fax_no text, balance numeric(12,4));
    create table public.orders (order_id bigint primary key, cust_no numeric(10,2), order_dt text, total_cents integer);
    insert into tbl_cust values
      (1, '  Ana  María ', ' ANA@X.ES ', 'a', '2020-02-29', '2020-07-01 12:00', 'N', null, 10.5000),
      (2, 'Bo', 'n/a', 'ACTIVE', '31/12/1999', '2020-01-01 12:00:00.25', null, null, 1.2345),
      (3, null, '', 'x', '29/02/2021', null, 'N', 'f', 0),
      (4, 'Zoë 🦉', 'z@x', 'weird', null, null, 'N', null, null),
      (5, 'gone', 'gone@x', 'A', null, null, 'Y', null, null);
    insert into orders values (10, 1.00, '01/02/2020', 1999), (11, 7, '32/01/2020', 5), (12, null, '02/02/2020', -1),
      (13, 1.5, '02/02/2020', 1);
  `);
  await target.query(`
    create schema crm;
    create type crm.status as enum ('active', 'inactive', 'closed');
    create table crm.customer (
      id uuid primary key, legacy_no bigint not null unique, full_name varchar(20) not null, email text unique,
      status crm.status not null, signed_up_on date, updated_at timestamptz, balance numeric(8,2),
      constraint sane check (length(full_name) > 1));
    create table crm.sales_order (
      id bigint primary key, customer_id uuid references crm.customer, ordered_on date not null, total numeric(12,2) not null);
  `);
  sides = await openSides(source.url, target.url);
});

afterAll(async () => {
  await sides.close();
  await source.drop();
  await target.drop();
});

const tables = `
  crm.customer:
    from: public.tbl_cust
    where: del_flag is distinct from 'Y'
    id: { uuid_from: cust_no }
    ignore: [fax_no]
    columns:
      legacy_no: cust_no
      full_name: { from: cust_nm, steps: [trim, collapse_whitespace] }
      email: { from: e_mail, steps: [trim, lower, { null_if: ["", n/a] }] }
      status:
        from: stat
        steps: [trim, upper, { map: { A: active, ACTIVE: active, I: inactive, X: closed } }]
      signed_up_on: { from: signup_dt, steps: [{ parse_date: [YYYY-MM-DD, DD/MM/YYYY] }] }
      updated_at: { from: upd_ts, steps: [{ at_zone: Europe/Berlin }] }
      balance: balance
  crm.sales_order:
    from: public.orders
    id: { offset: { from: order_id, by: 1000 } }
    columns:
      customer_id: { from: cust_no, ref: crm.customer, parent_out_of_scope: out_of_scope }
      ordered_on: { from: order_dt, steps: [{ parse_date: [DD/MM/YYYY] }] }
      total: { from: total_cents, steps: [{ scale: -2 }] }
`;

async function mappings(): Promise<[CompiledMapping, CompiledMapping]> {
  const compiled = await compileFine(sides, tables);
  return [compiled.mappings[0] as CompiledMapping, compiled.mappings[1] as CompiledMapping];
}

describe('a compiled plan', () => {
  it('rejects the same rows for the same reasons in SQL and in TypeScript', async () => {
    const [customer, order] = await mappings();
    expect(await expectAgreement(sides.source, customer)).toEqual({ ok: 1, bad: 3 });
    expect(await expectAgreement(sides.source, order)).toEqual({ ok: 2, bad: 2 });
    const bad = await rejectedBySql(sides.source, customer);
    const finding = (index: number): string => customer.reasons.find((reason) => reason.index === index)?.finding ?? '';
    expect([...bad].map(([key, reasons]) => [key, reasons.map(finding)])).toEqual([
      ['["2"]', ['customer.balance.scale']],
      ['["3"]', ['customer.full_name.not_null', 'customer.signed_up_on.bad_date']],
      ['["4"]', ['customer.status.unknown_value']],
    ]);
  });

  it('loads what it promises, and children find their parents by the computed id', async () => {
    const [customer, order] = await mappings();
    expect(await loadAll(sides, customer)).toBe(1);
    await sides.target.query('alter table crm.sales_order drop constraint sales_order_customer_id_fkey');
    expect(await loadAll(sides, order)).toBe(2);
    const rows = await target.query(
      `select o.id::int as id, c.full_name, c.updated_at::text, o.total::text from crm.sales_order o left join crm.customer c on c.id = o.customer_id order by 1`,
    );
    expect(rows).toEqual([
      { id: 1010, full_name: 'Ana María', updated_at: expect.stringContaining('2020-07-01') as string, total: '19.99' },
      { id: 1012, full_name: null, updated_at: null, total: '-0.01' },
    ]);
    const expected = await rowsOf(sides.source, bindStatement(customer.statements.expected));
    const actual = await rowsOf(sides.target, bindStatement(customer.statements.actualInProofOrder));
    expect(actual).toEqual(
      expected.map(([, key, ...values]) => [...(JSON.parse(key as string) as string[]), ...values]),
    );
    const byKey = await sides.target.query(bindStatement(customer.statements.actualByKey), [[expected[0]?.[1]]]);
    expect(byKey.rows).toHaveLength(1);
    const keys = await sides.source.query(bindStatement(customer.statements.keysOfTargets), [
      [expected[0]?.[1], '["nothing"]'],
    ]);
    expect(keys.rows).toEqual([{ key: '["1"]', target_key: expected[0]?.[1] }]);
  });

  it('counts rows in and out of scope and with each reason', async () => {
    const [customer, order] = await mappings();
    const run = async (mapping: CompiledMapping, name: 'counts' | 'scopeCounts'): Promise<Record<string, string>[]> =>
      (await sides.source.query<Record<string, string>>(bindStatement(mapping.statements[name]))).rows;
    const counted = async (mapping: CompiledMapping): Promise<unknown> =>
      (await run(mapping, 'counts')).map(({ what, index, rows }) => [
        what === 'reason' ? mapping.reasons[Number(index) - 1]?.finding : what,
        rows,
      ]);
    expect(await counted(customer)).toEqual(
      expect.arrayContaining([
        ['rows', '4'],
        ['rejected', '3'],
      ]),
    );
    expect(await run(customer, 'scopeCounts')).toEqual([{ total: '5', out_of_scope: '1', scope_unknown: '0' }]);
    expect(await counted(order)).toEqual([
      ['rows', '4'],
      ['rejected', '2'],
      ['sales_order.customer_id.bad_reference', '1'],
      ['sales_order.ordered_on.bad_date', '1'],
    ]);
  });
});
