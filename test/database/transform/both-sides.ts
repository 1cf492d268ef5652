import { createHash } from 'node:crypto';
import { Client } from 'pg';
import type { ColumnType } from '../../../src/contract/catalog';
import type { CastSpec } from '../../../src/contract/compiled';
import type { Json } from '../../../src/contract/resolved-plan';
import { applyCast } from '../../../src/transform/cast/apply-cast';
import { castToSql, isNullWhereFailed } from '../../../src/transform/cast/cast-to-sql';
import type { ParsedStep } from '../../../src/transform/registry';
import { parseStep } from '../../../src/transform/registry';
import type { TransformContext } from '../../../src/transform/transform';

/** Runs the SQL and the TypeScript of one transform or cast over the same inputs and lists where they differ. */

export interface Disagreement {
  readonly input: readonly (string | null)[];
  readonly sql: string;
  readonly typescript: string;
}

export function contextOf(encoding: string): TransformContext {
  return { encoding, sha256: (bytes) => createHash('sha256').update(bytes).digest() };
}

/** A client with the settings that rowproof pins on every session. */
export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, types: { getTypeParser: () => (value: string) => value } });
  await client.connect();
  await client.query(
    `set timezone to 'UTC'; set datestyle to 'ISO'; set intervalstyle to 'postgres'; set extra_float_digits to 1; set bytea_output to 'hex'; set search_path to pg_catalog`,
  );
  return client;
}

export function step(name: string, args: Json = null): ParsedStep {
  const parsed = parseStep({ name, args });
  if ('problem' in parsed) throw new Error(`${parsed.problem} ${parsed.fix}`);
  return parsed;
}

export async function compareStep(
  client: Client,
  { transform, args }: ParsedStep,
  rows: readonly (readonly (string | null)[])[],
  context: TransformContext,
): Promise<Disagreement[]> {
  const width = rows[0]?.length ?? 1;
  const names = Array.from({ length: width }, (_, index) => `c${index}`);
  const sql = transform.toSql(names, args, context);
  const lists = names.map((_, index) => `$${index + 1}::text[]`).join(', ');
  const { rows: answers } = await client.query<{ value: string | null; failed: string }>(
    `select (${sql.value}) as value, (${sql.failed ?? 'false'})::text as failed
     from (select * from unnest(${lists}) with ordinality as u(${names.join(', ')}, o) order by o offset 0) as s`,
    names.map((_, index) => rows.map((row) => row[index] ?? null)),
  );
  return rows.flatMap((row, index) => {
    const outcome = transform.apply(row, args, context);
    const typescript = 'failed' in outcome ? 'failed' : JSON.stringify(outcome.value);
    const answer = answers[index] as { value: string | null; failed: string };
    const spoken =
      answer.failed === 'true' ? 'failed' : answer.failed === 'false' ? JSON.stringify(answer.value) : 'failed is NULL';
    return spoken === typescript ? [] : [{ input: row, sql: spoken, typescript }];
  });
}

/** The name of a type with its length, precision or decimals. */
export function declared({ name: own, base, length, precision, scale, fraction }: ColumnType): string {
  const name = base ?? own;
  if (length !== null) return `${name}(${length})`;
  if (precision !== null) return `${name}(${precision},${scale ?? 0})`;
  return fraction === null ? name : name.replace(/^(\w+)/, `$1(${fraction})`);
}

export function type(name: string, more: Partial<ColumnType> = {}): ColumnType {
  return {
    name,
    schema: 'pg_catalog',
    oid: 0,
    kind: 'base',
    element: null,
    base: null,
    labels: null,
    length: null,
    precision: null,
    scale: null,
    fraction: null,
    ...more,
  };
}

/**
 * Inputs are texts that `source` reads (any text when null). Beside the two canonical texts, what the target column would
 * print for the wire value is compared, so that a cast cannot round or cut unseen.
 */
export async function compareCast(
  client: Client,
  source: ColumnType | null,
  spec: CastSpec,
  inputs: readonly (string | null)[],
): Promise<Disagreement[]> {
  const given = source === null ? 'x' : `x::${declared(source)}`;
  const sql = castToSql(spec, 'v');
  const reasons = sql.checks.map(({ kind, failed }) => `case when ${failed} then '${kind}' end`);
  const rejected = sql.checks.length === 0 ? 'false' : sql.checks.map(({ failed }) => `(${failed})`).join(' or ');
  const stored = spec.target.kind === 'enum' ? `(${sql.wire})::text` : `(${sql.wire})::${declared(spec.target)}::text`;
  const { rows: answers } = await client.query<{
    source: string | null;
    reasons: string;
    text: string | null;
    stored: string | null;
    absent: string;
  }>(
    `select v::text as source, ((${sql.wire}) is null)::text as absent, concat_ws('+', ${['null', ...reasons].join(', ')}) as reasons,
       case when ${rejected} then null else ${sql.text} end as text, case when ${rejected} then null else ${stored} end as stored
     from (select ${given} as v from (select * from unnest($1::text[]) with ordinality as u(x, o) order by o offset 0) as t offset 0) as s`,
    [inputs],
  );
  return inputs.flatMap((input, index) => {
    const answer = answers[index] as (typeof answers)[number];
    const outcome = applyCast(spec, answer.source);
    const typescript =
      'failed' in outcome
        ? `failed: ${outcome.failed}`
        : 'server' in outcome
          ? 'server'
          : JSON.stringify(outcome.value);
    const spoken = answer.reasons !== '' ? `failed: ${answer.reasons}` : JSON.stringify(answer.text);
    const kept = answer.reasons !== '' ? spoken : JSON.stringify(answer.stored);
    if (typescript === 'server') return [];
    // what is known by the value alone must be so
    if (isNullWhereFailed(spec) && answer.source !== null && (answer.absent === 'true') !== (answer.reasons !== ''))
      return [
        {
          input: [input],
          sql: `${spoken}, and its value is ${answer.absent === 'true' ? '' : 'not '}NULL`,
          typescript,
        },
      ];
    if (spoken !== typescript) return [{ input: [input], sql: spoken, typescript }];
    return kept === typescript ? [] : [{ input: [input], sql: `stored as ${kept}`, typescript }];
  });
}
