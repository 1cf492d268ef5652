import { exportQuarantine } from '../../../src/engine/copy/export-quarantine';
import { openQuietRun, type QuietRun } from './quiet-run';

jest.setTimeout(180_000);

let run: QuietRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const source = `create table person (id int primary key, name text, secret text, age text);
  insert into person select g, 'n' || g, 'hush', case g when 5 then 'old' else g::text end from generate_series(1, 100) g;`;
const target = 'create table person (id int primary key, name text, age int);';

test('A role that may read the mapped columns alone is enough, also to show what stays behind', async () => {
  run = await openQuietRun({
    source,
    target,
    grants: 'grant select (id, name, age) on person to ROLE',
    plan: `tables:\n  public.person: { from: public.person, columns: "*", ignore: [secret] }
decisions: { "*": { do: quarantine, because: known, by: ana } }\n`,
  });
  const verdict = await run.complete();
  expect(verdict.problems).toEqual([]);
  expect(verdict.reconciliation).toMatchObject([{ migrated: 99, quarantined: 1 }]);
  const lines: string[] = [];
  await exportQuarantine(run.databases, run.ref, { table: null, by: 'ana', allColumns: false }, (line) =>
    lines.push(line),
  );
  expect(lines.join('')).toContain('""name"": ""n5""');
  expect(lines.join('')).not.toContain('hush');
});

test.each([
  ['a mapped column', 'id, name', '"age"'],
  ['the key', 'name, age', '"id"'],
  ['several', 'secret', '"id", "name", "age"'],
])('%s that may not be read is named with the grant', async (_, granted, named) => {
  const opened = openQuietRun({
    source,
    target,
    grants: `grant select (${granted}) on person to ROLE`,
    plan: 'tables:\n  public.person: { from: public.person, columns: "*", ignore: [secret] }\n',
  });
  await expect(opened).rejects.toMatchObject({
    problems: expect.arrayContaining([
      expect.objectContaining({
        code: 'RP2023',
        what: expect.stringContaining(`may not read ${named} of public.person`) as string,
        fix: expect.stringContaining(`Grant SELECT (${named})`) as string,
      }),
    ]) as unknown,
  });
});
