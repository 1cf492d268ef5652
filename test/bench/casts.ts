import { bindStatement } from '../../src/compile/statements/bind-statement';
import { openDiscovery } from '../database/discovery/discovery-run';
import { ownCluster } from '../support/postgres/own-cluster';

export interface CastFigures {
  readonly what: string;
  /** Nanoseconds a row over reading the rows in key order: the compiled column with its reasons, and plain SQL that gives the same. */
  readonly compiled: number;
  readonly plain: number;
  /** Of the times of both, the reading of the rows included. */
  readonly ratio: number;
}

interface Case {
  readonly what: string;
  readonly from: string;
  readonly steps?: string;
  readonly type: string;
  /** NULL or an error where the compiled column has a reason: no row has one. */
  readonly plain: string;
}

const source = (
  rows: number,
): string => `create table t (id int primary key, name text, mail text, code text, digits text, price text,
    day text, moment text, flag text, guid text, doc text, small int, large bigint, amount numeric(12,2), clock timestamp, at timestamptz);
  insert into t select i, ' Jürgen Smith-' || h % 997 || ' ', ' User.' || i || '@Example' || h % 50 || '.COM', (h % 5)::text, (h % 1000000)::text,
    (h % 1000000 / 100.0)::numeric(12,2)::text, (date '2000-01-01' + h % 9000)::text, (timestamp '2000-01-01' + h % 100000000 * interval '1 s')::text,
    case when h % 2 = 0 then 'yes' else 'no' end, md5('u' || i)::uuid::text, '{"n":' || h % 1000 || '}', h % 100000, h, (h % 100000000)::numeric / 100,
    timestamp '2015-01-01' + h % 315360000 * interval '1 s', timestamptz '2015-01-01+00' + h % 315360000 * interval '1 s'
  from (select i, (hashint8(i)::bigint & 2147483647)::int as h from generate_series(1, ${rows}) i) g`;

const pairs = '{ "0": new, "1": active, "2": paused, "3": closed, "4": gone }';
const cases: readonly Case[] = [
  { what: 'trim', from: 'name', steps: 'trim', type: 'text', plain: 'btrim(name)' },
  { what: 'lower', from: 'mail', steps: 'lower', type: 'text', plain: 'lower(mail)' },
  { what: 'upper', from: 'mail', steps: 'upper', type: 'text', plain: 'upper(mail)' },
  { what: 'trim, lower', from: 'mail', steps: 'trim, lower', type: 'text', plain: 'lower(btrim(mail))' },
  {
    what: 'collapse_whitespace',
    from: 'name',
    steps: 'collapse_whitespace',
    type: 'text',
    plain: `btrim(regexp_replace(name, '\\s+', ' ', 'g'))`,
  },
  {
    what: 'null_if',
    from: 'code',
    steps: '{ null_if: ["", "9"] }',
    type: 'text',
    plain: `nullif(nullif(code, ''), '9')`,
  },
  {
    what: 'split_part',
    from: 'name',
    steps: '{ split_part: { on: " ", part: 2 } }',
    type: 'text',
    plain: `split_part(name, ' ', 2)`,
  },
  {
    what: 'regex_extract',
    from: 'name',
    steps: '{ regex_extract: "-([0-9]+)" }',
    type: 'text',
    plain: `substring(name from '-([0-9]+)')`,
  },
  {
    what: 'map of a text',
    from: 'code',
    steps: `{ map: ${pairs} }`,
    type: 'text',
    plain: `case code when '0' then 'new' when '1' then 'active' when '2' then 'paused' when '3' then 'closed' when '4' then 'gone' end`,
  },
  {
    what: 'boolean',
    from: 'flag',
    steps: 'boolean',
    type: 'boolean',
    plain: `case when flag in ('yes', 'true', 't', 'y', '1') then true when flag in ('no', 'false', 'f', 'n', '0') then false end`,
  },
  {
    what: 'parse_date',
    from: 'day',
    steps: '{ parse_date: [YYYY-MM-DD] }',
    type: 'date',
    plain: `case when day ~ '^\\d{4}-\\d\\d-\\d\\d$' then to_date(day, 'YYYY-MM-DD') end`,
  },
  { what: 'scale of an integer', from: 'large', steps: '{ scale: -2 }', type: 'numeric(14,2)', plain: 'large / 100.0' },
  {
    what: 'scale of a text',
    from: 'digits',
    steps: '{ scale: -2 }',
    type: 'numeric(14,2)',
    plain: `case when digits ~ '^\\d+$' then digits::numeric / 100 end`,
  },
  {
    what: 'at_zone',
    from: 'clock',
    steps: '{ at_zone: Europe/Berlin }',
    type: 'timestamptz',
    plain: `clock at time zone 'Europe/Berlin'`,
  },
  {
    what: 'text to integer',
    from: 'digits',
    type: 'integer',
    plain: `case when digits ~ '^[+-]?\\d{1,9}$' then digits::int end`,
  },
  {
    what: 'text to numeric(12,2)',
    from: 'price',
    type: 'numeric(12,2)',
    plain: `case when price ~ '^[+-]?\\d{1,10}(\\.\\d{1,2})?$' then price::numeric(12,2) end`,
  },
  {
    what: 'text to date',
    from: 'day',
    type: 'date',
    plain: `case when day ~ '^\\d{4}-\\d\\d-\\d\\d$' then day::date end`,
  },
  {
    what: 'text to timestamp',
    from: 'moment',
    type: 'timestamp',
    plain: `case when moment ~ '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$' then moment::timestamp end`,
  },
  {
    what: 'text to uuid',
    from: 'guid',
    type: 'uuid',
    plain: `case when guid ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then guid::uuid end`,
  },
  {
    what: 'text to varchar(60)',
    from: 'mail',
    type: 'varchar(60)',
    plain: 'case when length(mail) <= 60 then mail end',
  },
  { what: 'integer to bigint', from: 'small', type: 'bigint', plain: 'small::bigint' },
  { what: 'bigint to integer', from: 'large', type: 'integer', plain: 'large::integer' },
  { what: 'bigint to numeric(14,2)', from: 'large', type: 'numeric(14,2)', plain: 'large::numeric(14,2)' },
  { what: 'numeric(12,2) to numeric(10,2)', from: 'amount', type: 'numeric(10,2)', plain: 'amount::numeric(10,2)' },
  { what: 'numeric to text', from: 'amount', type: 'text', plain: 'amount::text' },
  { what: 'timestamptz to timestamptz(0)', from: 'at', type: 'timestamptz(0)', plain: 'at::timestamptz(0)' },
];

/** Each transform and cast as the copy reads it, against plain SQL; best of three, in turn, without parallel workers. */
export async function measureCasts(rows: number): Promise<CastFigures[]> {
  const cluster = await ownCluster({
    shared_buffers: '1GB',
    max_wal_size: '8GB',
    max_parallel_workers_per_gather: '0',
    jit: 'off',
  });
  try {
    const run = await openDiscovery({
      source: source(rows),
      target: cases.map(({ type }, at) => `create table c${at} (id int primary key, v ${type})`).join('; '),
      plan: `tables:\n${cases
        .map(({ from, steps }, at) => {
          const column = steps === undefined ? from : `{ from: ${from}, steps: [${steps}] }`;
          return `  public.c${at}: { from: public.t, unmapped_source_columns: ignore, columns: { id: id, v: ${column} } }`;
        })
        .join('\n')}\n`,
    });
    try {
      await run.source.query('vacuum (freeze, analyze) t');
      const session = await run.databases.ledger(run.ref, 'bench');
      const { compiled } = await run.databases.run(run.ref, session).finally(() => session.close());
      const nanoseconds = async (sql: string): Promise<number> => {
        const begun = performance.now();
        await run.source.query(sql);
        return ((performance.now() - begun) * 1e6) / rows;
      };
      const counting = (list: string): string =>
        `select count(v) from (select id, ${list} as v from t order by id offset 0) x`;
      const figures: CastFigures[] = [];
      for (const [at, { what, from, plain }] of cases.entries()) {
        const mapping = compiled.mappings.find(({ target }) => target.name === `c${at}`);
        const load = bindStatement(mapping?.statements.load ?? '');
        const best = [Infinity, Infinity, Infinity] as [number, number, number];
        for (let time = 0; time < 3; time += 1) {
          const each = [counting(from), counting(plain), `select count(v) from (${load}) x (id, v)`];
          for (const [nth, sql] of each.entries()) best[nth] = Math.min(best[nth] as number, await nanoseconds(sql));
        }
        const [base, sql, own] = best.map(Math.round) as [number, number, number];
        const [compiledNs, plainNs] = [Math.max(1, own - base), Math.max(1, sql - base)];
        figures.push({ what, compiled: compiledNs, plain: plainNs, ratio: own / sql });
      }
      return figures;
    } finally {
      await run.drop();
    }
  } finally {
    await cluster.stop();
  }
}
