import { createHash } from 'node:crypto';
import { bindStatement } from '../../../src/compile/statements/bind-statement';
import { compilePlan } from '../../../src/compile/compile-plan';
import type { CheckedProblem } from '../../../src/compile/problem-list';
import { locateMappings } from '../../../src/compile/problem-list';
import { createRecompute } from '../../../src/compile/statements/recompute-row';
import type { Catalog } from '../../../src/contract/catalog';
import type { CompiledMapping, CompiledPlan } from '../../../src/contract/compiled';
import { parsePlan } from '../../../src/plan/parse-plan';
import { resolvePlan } from '../../../src/plan/resolve/resolve-plan';
import { catalog, column, table, type } from './small-catalog';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

const source = catalog([
  table('public', 'people', [
    column('id', type('integer'), true),
    column('name', type('text')),
    column('zip', type('text')),
    column('gone', type('boolean')),
  ]),
]);
const target = catalog([
  table('crm', 'person', [
    column('id', type('bigint'), true),
    column('name', type('text'), true),
    column('zip', type('character varying', { length: 5 })),
  ]),
]);

const plan = `
version: 1
name: crm
sources: { legacy: { url: "\${S}" } }
target: { url: "\${T}" }
tables:
  crm.person:
    from: public.people
    where: gone is not true
    columns:
      id: id
      name: { from: name, steps: [{ null_if: [""] }] }
      zip: zip
`;

function compile(
  text: string,
  target: Catalog,
): { compiled: CompiledPlan | null; problems: readonly CheckedProblem[] } {
  const parsed = parsePlan(text, 'crm.yaml');
  if (parsed.plan === null) throw new Error(JSON.stringify(parsed.problems));
  const catalogs = { sources: { legacy: source }, target };
  const resolved = resolvePlan(parsed.plan, catalogs, parsed.locate);
  if (resolved.plan === null) throw new Error(JSON.stringify(resolved.problems));
  const digest = { digest: 'd', code: 'c' };
  const locate = locateMappings(resolved.plan, resolved.paths, parsed.locate);
  return compilePlan(resolved.plan, catalogs, 'test', { sha256 }, digest, locate);
}

function person(): CompiledMapping {
  return compile(plan, target).compiled?.mappings[0] as CompiledMapping;
}

describe('the SQL of a small mapping', () => {
  it('loads rows in scope that have no reason, in key order', () => {
    expect(bindStatement(person().statements.load)).toBe(
      `SELECT ("v1")::bigint, ("v2"), ("v3")
FROM (SELECT "people"."id" AS "v1", nullif(("people"."name"::text) COLLATE "C", '') AS "v2", "people"."zip" AS "v3", "people"."id" AS "k1"
FROM "public"."people"
WHERE (true) AND ((gone is not true) IS TRUE)
ORDER BY "people"."id"
OFFSET 0) AS "l0"
WHERE "v1" IS NOT NULL AND "v2" IS NOT NULL AND NOT (coalesce(length((("v3")) COLLATE "C") > 5, false))
ORDER BY "k1"`,
    );
  });

  it('counts scope without touching the pipelines', () => {
    expect(bindStatement(person().statements.scopeCounts)).toBe(
      `SELECT count(*) AS "total", count(*) FILTER (WHERE (gone is not true) IS NOT TRUE) AS "out_of_scope", count(*) FILTER (WHERE (gone is not true) IS NULL) AS "scope_unknown"
FROM "public"."people"
WHERE (true)`,
    );
  });

  it('reads the target by the text of its key', () => {
    expect(person().statements.actualByKey).toBe(
      `SELECT jsonb_build_array("person"."id"::text)::text AS "target_key", "person"."id"::text AS "c1", "person"."name"::text AS "c2", "person"."zip"::text AS "c3"
FROM "crm"."person"
WHERE jsonb_build_array("person"."id"::text)::text = ANY($1::text[]) AND ("person"."id") IN (SELECT ("x"::jsonb ->> 0)::bigint FROM unnest($1::text[]) AS "given"("x"))`,
    );
  });
});

describe('a compiled mapping', () => {
  it('numbers its reasons and names their findings', () => {
    expect(person().reasons.map(({ index, finding, transform }) => [index, finding, transform])).toEqual([
      [1, 'person.id.not_null', 'target'],
      [2, 'person.name.not_null', 'target'],
      [3, 'person.zip.too_long', 'target'],
    ]);
  });

  it('is plain JSON', () => {
    const { compiled } = compile(plan, target);
    expect(JSON.parse(JSON.stringify(compiled))).toEqual(compiled);
  });

  it('recomputes a row in TypeScript', () => {
    const mapping = person();
    const recompute = createRecompute(mapping, { encoding: 'UTF8', sha256 });
    expect(mapping.rawColumns.map(({ name }) => name)).toEqual(['id', 'name', 'zip']);
    expect(recompute(['7', 'Ana', '10115'])).toEqual({
      values: [{ value: '7' }, { value: 'Ana' }, { value: '10115' }],
      reasons: [],
      key: '["7"]',
    });
    expect(recompute(['7', '', '101156']).reasons).toEqual([2, 3]);
  });
});

describe('problems', () => {
  it('point to the pattern that brought a table in', () => {
    const wider = catalog([
      table('public', 'people', [column('id', type('integer'), true), column('extra', type('text'), true)]),
    ]);
    const pattern =
      plan.slice(0, plan.indexOf('  crm.person')) +
      '  "public.*": { from: "public.*", columns: "*", unmapped_source_columns: ignore }\n';
    const { compiled, problems } = compile(pattern, wider);
    expect(compiled).toBeNull();
    expect(problems.map(({ problem }) => [problem.code, problem.where?.line])).toEqual([['RP2006', 7]]);
  });
});
