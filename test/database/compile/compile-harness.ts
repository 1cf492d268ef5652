import { createHash } from 'node:crypto';
import { bindStatement } from '../../../src/compile/statements/bind-statement';
import { compilePlan } from '../../../src/compile/compile-plan';
import type { CheckedProblem } from '../../../src/compile/problem-list';
import type { RecomputedRow } from '../../../src/compile/statements/recompute-row';
import { createRecompute } from '../../../src/compile/statements/recompute-row';
import type { CompiledMapping, CompiledPlan } from '../../../src/contract/compiled';
import { parsePlan } from '../../../src/plan/parse-plan';
import { planDigest } from '../../../src/plan/plan-digest';
import { resolvePlan } from '../../../src/plan/resolve/resolve-plan';
import { readCatalog } from '../../../src/postgres/catalog/read-catalog';
import { copyOut } from '../../../src/postgres/copy-stream';
import type { Session } from '../../../src/postgres/session';
import { sessionOn } from '../../support/postgres/session';

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

export interface Sides {
  readonly source: Session;
  readonly target: Session;
}

export async function openSides(sourceUrl: string, targetUrl: string): Promise<Sides & { close(): Promise<void> }> {
  const source = await sessionOn(sourceUrl);
  const target = await sessionOn(targetUrl);
  return { source, target, close: async () => void (await Promise.all([source.close(), target.close()])) };
}

export async function catalogsOf({ source, target }: Sides): Promise<Parameters<typeof compilePlan>[1]> {
  return { sources: { legacy: await readCatalog(source) }, target: await readCatalog(target) };
}

/** Compiles the `tables` part of a plan file. */
export async function compileTables(
  sides: Sides,
  tables: string,
): Promise<{ compiled: CompiledPlan | null; problems: readonly CheckedProblem[] }> {
  const text = `version: 1\nname: crm\nsources: { legacy: { url: "\${S}" } }\ntarget: { url: "\${T}" }\ntables:\n${tables}`;
  const parsed = parsePlan(text, 'crm.yaml');
  if (parsed.plan === null) throw new Error(JSON.stringify(parsed.problems, null, 1));
  const catalogs = await catalogsOf(sides);
  const resolved = resolvePlan(parsed.plan, catalogs, parsed.locate);
  if (resolved.plan === null) throw new Error(JSON.stringify(resolved.problems, null, 1));
  const digest = planDigest(resolved.plan, 'test', sha256);
  return compilePlan(resolved.plan, catalogs, 'test', { sha256 }, digest, parsed.locate);
}

export async function compileFine(sides: Sides, tables: string): Promise<CompiledPlan> {
  const { compiled, problems } = await compileTables(sides, tables);
  if (compiled === null) throw new Error(JSON.stringify(problems, null, 1));
  return compiled;
}

export async function rowsOf(session: Session, sql: string): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  for await (const chunk of copyOut(session, sql)) rows.push(...chunk);
  return rows;
}

export interface Compared {
  readonly key: string;
  readonly row: RecomputedRow;
}

/** Every in-scope row as TypeScript computes it. */
export async function recomputeAll(session: Session, mapping: CompiledMapping): Promise<Compared[]> {
  const recompute = createRecompute(mapping, { encoding: mapping.encoding, sha256 });
  const raw = await rowsOf(session, bindStatement(mapping.statements.raw));
  return raw.map(([key, ...values]) => ({ key: key as string, row: recompute(values) }));
}

/** Reasons as the source gives them: key text to indexes. */
export async function rejectedBySql(session: Session, mapping: CompiledMapping): Promise<Map<string, number[]>> {
  const rows = await rowsOf(session, bindStatement(mapping.statements.rejected));
  return new Map(
    rows.map(([key, reasons]) => [key as string, (reasons as string).slice(1, -1).split(',').map(Number)]),
  );
}

/** What stands for a value that only the server can spell. */
const formattedByServer = '\0server';

/** Canonical texts of a recomputed row. */
export function textsOf(row: RecomputedRow): (string | null)[] {
  return row.values.map((value) =>
    'value' in value ? value.value : 'server' in value ? formattedByServer : '\0failed',
  );
}

/** Takes out of `actual` what TypeScript left to the server. */
export function blankServer(
  actual: readonly (string | null)[],
  expected: readonly (string | null)[],
): (string | null)[] {
  return actual.map((text, index) =>
    expected[index] === formattedByServer && text !== null ? formattedByServer : text,
  );
}

/** Asserts that SQL and TypeScript agree on every row, every reason and every field. */
export async function expectAgreement(
  session: Session,
  mapping: CompiledMapping,
): Promise<{ ok: number; bad: number }> {
  const computed = await recomputeAll(session, mapping);
  const rejected = await rejectedBySql(session, mapping);
  const bad = computed.filter(({ row }) => row.reasons.length > 0);
  const reasons = new Map(bad.map(({ key, row }) => [key, [...row.reasons]]));
  expect(Object.fromEntries(rejected)).toEqual(Object.fromEntries(reasons));
  const loadable = computed.filter(({ row }) => row.reasons.length === 0);
  const expected = loadable.map(({ key, row }) => [key, row.key, ...textsOf(row)]);
  const actual = await rowsOf(session, bindStatement(mapping.statements.expected));
  expect(actual.map((row, index) => blankServer(row, expected[index] ?? []))).toEqual(expected);
  return { ok: loadable.length, bad: rejected.size };
}

/** Loads the whole mapping through COPY in the compiled format; returns the rows loaded. */
export async function loadAll({ source, target }: Sides, mapping: CompiledMapping): Promise<number> {
  const { relayCopy } = await import('../../../src/postgres/copy-stream');
  const { qualified, identifier } = await import('../../../src/sql/quote');
  const columns = mapping.columns.map((column) => identifier(column.target)).join(', ');
  const result = await relayCopy({
    source,
    select: bindStatement(mapping.statements.load),
    target,
    into: `${qualified(mapping.target)} (${columns})`,
    format: mapping.copyFormat,
  });
  expect(result.targetRows).toBe(result.sourceRows);
  return result.targetRows;
}
