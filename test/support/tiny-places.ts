import type { TestDatabase } from './postgres/postgres';
import { createDatabase } from './postgres/postgres';
import type { TestTemporal } from './temporal';
import { createWorkbench, type Workbench } from './workbench';

/** Pairs of databases with a handful of rows, each with a plan of its own on one bench: one worker drives a run in each. */
export interface TinyPlace {
  readonly name: string;
  /** Its first run. */
  readonly run: string;
  readonly file: string;
  readonly source: TestDatabase;
  readonly target: TestDatabase;
}

export interface TinyPlan {
  /** YAML's flow style without braces. */
  readonly settings?: string;
  /** Lines at the top of the plan. */
  readonly head?: string;
  /** Lines of `decisions`, indented by two; the one bad row has a decision when not given. */
  readonly decisions?: string | null;
  /** Lines of `tables`, indented by two, beside public.d. */
  readonly tables?: string;
  /** More SQL of a side. */
  readonly source?: string;
  readonly target?: string;
}

export interface TinyBench extends Workbench {
  place(name: string): TinyPlace;
}

/** Twenty rows, one of which is no number. */
const source = `create table public.d (id integer primary key, v text);
  insert into public.d select n, case when n = 7 then 'seven' else n::text end from generate_series(1, 20) n;`;
const target = 'create table public.d (id integer primary key, v integer);';

export const badRow = 'd.v.cast_integer';
const decided = `  ${badRow}: { do: quarantine, expect: { rows: 1 }, because: known, by: ana }`;

function tinyPlan(name: string, { settings, head = '', decisions = decided, tables = '' }: TinyPlan): string {
  const variable = name.toUpperCase();
  return `version: 1
name: ${name}
sources: { s: "\${${variable}_S}" }
target: "\${${variable}_T}"
${head === '' ? '' : `${head}\n`}tables:
  public.d: { from: public.d, columns: "*" }
${tables === '' ? '' : `${tables}\n`}${decisions === null ? '' : `decisions:\n${decisions}\n`}settings: { ${settings ?? 'on_failure: keep'} }
`;
}

export async function createTinyBench(
  temporal: TestTemporal,
  plans: Readonly<Record<string, TinyPlan>>,
): Promise<TinyBench> {
  const variables: Record<string, string> = {};
  const places = await Promise.all(
    Object.entries(plans).map(async ([name, plan]) => {
      const [from, to] = [await createDatabase({ prefix: `${name}_s` }), await createDatabase({ prefix: `${name}_t` })];
      await from.query(`${source} ${plan.source ?? ''}`);
      await to.query(`${target} ${plan.target ?? ''}`);
      variables[`${name.toUpperCase()}_S`] = from.url;
      variables[`${name.toUpperCase()}_T`] = to.url;
      return { name, source: from, target: to };
    }),
  );
  const bench = createWorkbench(temporal, variables);
  const known = new Map(
    places.map((one) => {
      const file = bench.write(`${one.name}.yaml`, tinyPlan(one.name, plans[one.name] ?? {}));
      return [one.name, { ...one, run: `${one.name}-1`, file }];
    }),
  );
  return {
    ...bench,
    place: (name) => {
      const found = known.get(name);
      if (found === undefined) throw new TypeError(`no place ${name}`);
      return found;
    },
    close: async () => {
      await bench.close();
      for (const one of places) {
        await one.source.drop();
        await one.target.drop();
      }
    },
  };
}

const small = [1, 2, 3, 4, 5].map((n) => `t${n}`);
/** Five small tables more, a bad row in the first and the third of them. */
export const smallPlan: TinyPlan = {
  tables: small.map((name) => `  public.${name}: { from: public.${name}, columns: "*" }`).join('\n'),
  decisions: `  "*": { do: quarantine, expect: { rows: 3 }, because: known, by: ana }`,
  source: small
    .map((name, at) => {
      const bad = at % 2 === 0 && at < 4 ? "'seven'" : "'7'";
      return `create table public.${name} (id integer primary key, v text); insert into public.${name} values (1, ${bad});`;
    })
    .join(' '),
  target: small.map((name) => `create table public.${name} (id integer primary key, v integer);`).join(' '),
};
