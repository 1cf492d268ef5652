import { exportQuarantine } from '../../../src/engine/copy/export-quarantine';
import { parseCsv, type CsvRecord } from '../../../src/validate/csv';
import { openCopyRun, type CopyRun, type CopyRunDraft } from './copy-run';

let run: CopyRun;
afterEach(() => run.drop());

async function exported(draft: CopyRunDraft, allColumns = false): Promise<Map<string, Record<string, unknown> | null>> {
  run = await openCopyRun(draft);
  await run.copyAll();
  const lines: string[] = [];
  await exportQuarantine(run.databases, run.ref, { table: null, by: 'dana', allColumns }, (line) => lines.push(line));
  const records = parseCsv(lines.join('\n')) as readonly CsvRecord[];
  const [head, ...rows] = records.map(({ fields }) => fields);
  expect(head).toEqual(['table', 'reason', 'finding', 'column', 'sqlstate', 'source_key', 'original']);
  return new Map(
    rows.map(([, , , , , key, original]) => [
      key as string,
      original == null ? null : (JSON.parse(original) as Record<string, unknown>),
    ]),
  );
}

const odd: CopyRunDraft = {
  source: `create domain amount as numeric; create type pair as (a int, b text);
    create table t (id int primary key, j json, n amount, f float8, big int8, b bytea, a int[], p pair, at timestamptz, v text, old_pw text);
    insert into t values
      (1, '{"a":"x\\u0000y"}', 'NaN', 'Infinity', 9223372036854775807, '\\x00ff', '{1,null}', '(1,"=x")', 'infinity', 'x', 'secret'),
      (2, '"\\ud83d"', 1.50, 'NaN', 7, '', '{}', null, '2020-01-01 00:00:00Z', '=cmd', 'secret'),
      (3, '{"a": 1}', repeat('9', 400)::numeric, 1e300, null, null, null, null, null, E'a\\n"b"', 'secret'),
      (4, null, null, null, null, null, null, null, null, '1', 'secret')`,
  target: 'create table t (id int primary key, v int)',
  mappings: [
    {
      name: 't',
      columns: [{ target: 'id' }, { target: 'v' }],
      ignore: ['j', 'n', 'f', 'big', 'b', 'a', 'p', 'at', 'old_pw'],
    },
  ],
};

test('Every row of the quarantine is exported, and what JSON cannot hold is spelled as text', async () => {
  const rows = await exported(odd, true);
  expect([...rows.values()]).toEqual([
    {
      id: 1,
      j: '{"a":"x\\u0000y"}',
      n: 'NaN',
      f: 'Infinity',
      big: '9223372036854775807',
      b: '\\x00ff',
      a: '{1,NULL}',
      p: '(1,=x)',
      at: 'infinity',
      v: 'x',
      old_pw: 'secret',
    },
    expect.objectContaining({ id: 2, j: '"\\ud83d"', n: 1.5, f: 'NaN', big: 7, b: '\\x', v: '=cmd' }),
    expect.objectContaining({ id: 3, j: { a: 1 }, n: '9'.repeat(400), f: '1e+300', v: 'a\n"b"' }),
  ]);
});

test('Columns that the plan leaves behind are not exported unless asked for', async () => {
  const rows = await exported(odd);
  expect([...rows.values()]).toEqual([
    { id: 1, v: 'x' },
    { id: 2, v: '=cmd' },
    { id: 3, v: 'a\n"b"' },
  ]);
});

test('Columns that only the SQL of the plan reads are exported, those that nothing reads are not', async () => {
  const rows = await exported({
    source: `create table t (id int primary key, kind text, v text, other text);
      insert into t values (1, 'k', 'x', 'secret')`,
    target: 'create table t (id int primary key, v int)',
    mappings: [{ name: 't', where: `"kind" = 'k'`, columns: [{ target: 'id' }, { target: 'v', sql: 'v::int' }] }],
  });
  expect([...rows.values()]).toEqual([{ id: 1, kind: 'k', v: 'x' }]);
});

test('Bytes that are no text in any encoding do not keep the other rows, or the other columns, from being exported', async () => {
  const rows = await exported({
    sourceEncoding: 'SQL_ASCII',
    source: `create table t (id int primary key, c text, v text);
      insert into t select g, case g when 7 then E'caf\\351' else 'c' || g end, 'x' from generate_series(1, 20) g`,
    target: 'create table t (id int primary key, c text, v int)',
    mappings: [{ name: 't', columns: [{ target: 'id' }, { target: 'c' }, { target: 'v' }] }],
  });
  expect(rows.size).toBe(20);
  expect(rows.get('["7"]')).toEqual({ id: 7, c: 'caf\\351', v: 'x' });
  expect(rows.get('["8"]')).toEqual({ id: 8, c: 'c8', v: 'x' });
});

test('A row that is gone from the source keeps its line', async () => {
  run = await openCopyRun(odd);
  await run.copyAll();
  await run.source.query('delete from t where id = 2');
  const lines: string[] = [];
  const options = { table: null, by: 'dana', allColumns: false };
  expect(await exportQuarantine(run.databases, run.ref, options, (line) => lines.push(line))).toBe(3);
  expect(lines[2]).toMatch(/,$/);
});
