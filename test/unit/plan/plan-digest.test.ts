import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { parseDocument } from 'yaml';
import { parsePlan } from '../../../src/plan/parse-plan';
import { planDigest } from '../../../src/plan/plan-digest';
import { resolvePlan } from '../../../src/plan/resolve/resolve-plan';
import { crmCatalogs, crmPlan } from './crm-plan';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

function digest(text: string, engine = '1.0.0'): string {
  const parsed = parsePlan(text, 'p.yaml');
  const { plan, problems } =
    parsed.plan === null
      ? { plan: null, problems: parsed.problems }
      : resolvePlan(parsed.plan, crmCatalogs, parsed.locate);
  if (plan === null) throw new Error(JSON.stringify(problems));
  return planDigest(plan, engine, sha256).digest;
}

const base = digest(crmPlan);

/** The plan as plain data; numbers and booleans of YAML do not occur in places where they would change. */
function data(): unknown {
  return parseDocument(crmPlan, { schema: 'failsafe' }).toJS();
}

/** Every mapping with its keys in another order. */
function shuffled(value: unknown, random: () => number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, random));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => ({ key, inner: shuffled(inner, random), at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ key, inner }) => [key, inner]),
  );
}

/** YAML flow style is JSON with unquoted numbers where the plan wants numbers. */
function write(value: unknown): string {
  return JSON.stringify(value)
    .replace('"version":"1"', '"version":1')
    .replace(/"(rows|tolerance)":"(\d+)"/g, '"$1":$2');
}

describe('the digest of a plan', () => {
  it('is sha-256 in hex with a short code that people type', () => {
    const parsed = parsePlan(crmPlan, 'p.yaml');
    const { plan } = resolvePlan(parsed.plan as never, crmCatalogs, parsed.locate);
    const { digest: full, code } = planDigest(plan as never, '1.0.0', sha256);
    expect(full).toMatch(/^[0-9a-f]{64}$/);
    expect(code).toBe(`${full.slice(0, 4)}-${full.slice(4, 8)}`);
  });

  it('does not change with the order of keys, with comments or with the style of YAML', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (stream) => {
        const next = (): number => stream.next().value as number;
        expect(digest(`# a comment\n${write(shuffled(data(), next))}\n`)).toBe(base);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['settings', (text: string) => text.replace('ticket: CHG-4711', 'batch: { rows: 5 }, gates: [copy]')],
    ['connections', (text: string) => text.replace('"${LEGACY_URL}"', '"postgres://me@staging/legacy"')],
    [
      'who decided, and why',
      (text: string) => text.replace('by: ana', 'by: ben').replace('because: orders', 'because: all orders'),
    ],
    ['columns left behind', (text: string) => text.replace('fax_no, ', '')],
    [
      'a default that is spelled out',
      (text: string) =>
        text.replace('id: { uuid_from: order_id }', 'id: { uuid_from: [order_id] }\n    on_bad_row: quarantine'),
    ],
  ])('does not change with %s', (_, change) => {
    expect(change(crmPlan)).not.toBe(crmPlan);
    expect(digest(change(crmPlan))).toBe(base);
  });

  it.each([
    ['the name, which is part of every uuid', 'name: crm', 'name: crm2'],
    ['the source relation', 'from: public.orders', 'from: public.orders2'],
    ['the scope', "'Y'", "'y'"],
    ['the id', 'uuid_from: order_id', 'keep: order_id'],
    ['a renamed column', 'legacy_no: cust_no', 'legacy_no: cust_nm'],
    ['a step', '[trim, collapse_whitespace]', '[collapse_whitespace]'],
    ['the order of steps', '[trim, collapse_whitespace]', '[collapse_whitespace, trim]'],
    ['an argument', 'scale: -2', 'scale: -3'],
    ['the order of formats', '[YYYY-MM-DD, DD/MM/YYYY]', '[DD/MM/YYYY, YYYY-MM-DD]'],
    ['a value of a map', 'X: closed', 'X: inactive'],
    ['NULL against text', 'X: closed', 'X: null'],
    ['text null against NULL', 'X: closed', 'X: "null"'],
    ['a reference', ', ref: crm.customer, parent_out_of_scope: out_of_scope', ''],
    ['rows whose parent is out of scope', 'out_of_scope: out_of_scope', 'out_of_scope: quarantine'],
    ['what happens to a full table', 'when_not_empty: refuse', 'when_not_empty: replace'],
    ['limits', '0.5%', '0.6%'],
    ['the policy for bad rows', 'on_bad_row: quarantine', 'on_bad_row: stop'],
    ['rules', 'status: [not_null]', 'status: [not_null, unique]'],
    ['a decision', 'do: quarantine', 'do: out_of_scope'],
    ['an expected effect', 'rows: 1204', 'rows: 1205'],
    ['a tolerance', 'tolerance: 10', 'tolerance: 11'],
    ['the key', 'from: public.orders', 'from: public.orders\n    key: order_id'],
  ])('changes with %s', (_, from, to) => {
    const changed = crmPlan.replace(from, to);
    expect(changed).not.toBe(crmPlan);
    expect(digest(changed)).not.toBe(base);
  });

  it('changes with the engine', () => {
    expect(digest(crmPlan, '1.0.1')).not.toBe(base);
  });
});
