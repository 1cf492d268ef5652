import { openCopyRun, type CopyRun } from '../database/copy/copy-run';
import { migrateApart } from '../support/migrate-apart';

let run: CopyRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

test.each([
  ['bytes of 500 MB', 'bytea', `decode(repeat('00ff10ab', 125000000), 'hex')`, 500_000_000],
  [
    'bytes of 900 MB',
    'bytea',
    `decode(repeat('00ff10ab', 112500000), 'hex') || decode(repeat('ab10ff00', 112500000), 'hex')`,
    900_000_000,
  ],
  ['a text of 900 MB', 'text', `repeat('text', 225000000)`, 900_000_000],
])('A process that discovers, copies and proves %s needs less than 300 MB of memory', async (_, type, value, size) => {
  const table = `create table items (id int primary key, value ${type})`;
  run = await openCopyRun({
    source: `${table}; insert into items select 1, ${value}`,
    target: table,
    mappings: [{ name: 'items', columns: [{ target: 'id' }, { target: 'value' }] }],
  });
  const { source, target, ref } = run;
  const { peak, ...verdict } = await migrateApart(ref, 'items', { source: source.url, target: target.url });
  expect(verdict).toEqual({ green: true, problems: [] });
  expect(await target.query('select octet_length(value) as size from items')).toEqual([{ size }]);
  process.stderr.write(`${type} of ${size} bytes: ${Math.round(peak / 1_000_000)} MB\n`);
  expect(peak).toBeLessThan(300_000_000);
});
