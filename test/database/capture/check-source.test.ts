import { checkPlan } from '../../../src/engine/run/check-plan';
import { readPlan } from '../../../src/engine/run/read-plan';
import { createDatabase, type TestDatabase } from '../../support/postgres/postgres';

/** What `check` says of a source that the run will put something into: before anything of the target is touched. */

let source: TestDatabase;
let target: TestDatabase;
const role = `reader_${process.pid}`;

beforeAll(async () => {
  [source, target] = await Promise.all([createDatabase({ prefix: 'source' }), createDatabase({ prefix: 'target' })]);
  await source.query(`create table item (id int primary key, body text);
    create role ${role} login password 'app'; grant select on item to ${role}`);
  await target.query('create table item (id int primary key, body text)');
});
afterAll(async () => {
  await source.query(`drop owned by ${role}; drop role ${role}`);
  await Promise.all([source.drop(), target.drop()]);
});

async function problems(head: string, settings: string, asReader = true, readsOnly = false): Promise<string[]> {
  const url = new URL(source.url);
  if (asReader) Object.assign(url, { username: role, password: 'app' });
  const env = { SOURCE_URL: url.toString(), TARGET_URL: target.url };
  const text = `version: 1
name: rights
sources: { s: "\${SOURCE_URL}" }
target: "\${TARGET_URL}"
${head}
tables:
  public.item: { from: public.item, columns: "*" }
settings: { ${settings} }
`;
  const read = await readPlan({ name: 'rights', file: 'rights.yaml', text }, env);
  const checked = await checkPlan(read, env, { readsOnly });
  return checked.problems
    .filter(({ severity }) => severity === 'error')
    .map(({ problem }) => problem.code)
    .sort();
}

describe('check of the source', () => {
  it('names the rights that triggers need', async () => {
    expect(await problems('capture: triggers', 'pattern: hybrid')).toEqual(['RP5302', 'RP5307']);
  });

  it('names the rights and settings that a slot needs', async () => {
    expect(await problems('capture: logical', 'pattern: hybrid')).toEqual(expect.arrayContaining(['RP5351', 'RP5352']));
  });

  it('names the rights that the freeze needs, of a source that is frozen first or followed by a slot', async () => {
    expect(await problems('capture: none', 'pattern: big_bang')).toEqual(['RP5307', 'RP5502']);
    expect(await problems('capture: logical', 'pattern: hybrid')).toEqual(expect.arrayContaining(['RP5307', 'RP5502']));
    expect(await problems('capture: none', 'pattern: copy')).toEqual([]);
  });

  it('asks for nothing where the source is only read, or the role owns what it needs', async () => {
    expect(await problems('capture: none', 'pattern: copy')).toEqual([]);
    expect(await problems('capture: triggers', 'pattern: hybrid', false)).toEqual([]);
    expect(await problems('capture: none', 'pattern: big_bang', false)).toEqual([]);
    // a part of the tables or rows, for a try
    expect(await problems('capture: none', 'pattern: big_bang', true, true)).toEqual([]);
    expect(await problems('capture: logical', 'pattern: hybrid', true, true)).toEqual([]);
  });
});
