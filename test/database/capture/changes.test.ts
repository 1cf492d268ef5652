import { mappingOf, openCaptureRun, type CaptureRun } from './capture-run';

let run: CaptureRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const item = 'create table item (id int primary key, v text);';

async function follow(source: string, mappings = [mappingOf('item', ['id', 'v'])]): Promise<CaptureRun> {
  run = await openCaptureRun({ source, mappings });
  await run.capture.installCapture(run.ref);
  return run;
}

describe('the marks of captured changes', () => {
  it('hold the new key of an insert, the key of a delete, and both keys where a key changed', async () => {
    const { source, capturedChanges } = await follow(item);
    await source.query(`insert into item values (1, 'a'), (2, 'b')`);
    await source.query(`update item set v = 'c' where id = 1`);
    await source.query('update item set id = 3 where id = 2');
    await source.query('delete from item where id = 1');
    expect(await capturedChanges()).toEqual(['1 ->["1"]', '1 ->["2"]', '1 ->["1"]', '1 ["2"]>["3"]', '1 ["1"]>-']);
  });

  it('come from COPY, ON CONFLICT, cascades and MERGE-like statements', async () => {
    const { source, capturedChanges } = await follow(
      `${item} create table part (id int primary key, item int references item on delete cascade);`,
      [mappingOf('item', ['id', 'v']), mappingOf('part', ['id', 'item'])],
    );
    await source.query(`insert into item values (1, 'a') on conflict (id) do update set v = excluded.v`);
    await source.query(`insert into item values (1, 'b') on conflict (id) do update set v = excluded.v`);
    await source.query('insert into part values (7, 1)');
    await source.query('delete from item');
    expect(await capturedChanges()).toEqual(['1 ->["1"]', '1 ->["1"]', '2 ->["7"]', '1 ["1"]>-', '2 ["7"]>-']);
  });

  it('say the whole table for TRUNCATE', async () => {
    const { source, capturedChanges, round } = await follow(item);
    await source.query(`insert into item values (1, 'a')`);
    await round();
    await source.query('truncate item');
    expect((await capturedChanges()).at(-1)).toBe('1 ->-');
    const { capturedChanges: seen, stop } = await round();
    if (stop !== null) throw new Error(stop);
    expect(stop).toBeNull();
    expect(seen).toEqual([{ relation: 1, key: null }]);
    expect((await round()).stop).toBeNull();
  });

  it('say delete and insert where a row moves between partitions, and TRUNCATE of one partition', async () => {
    const { source, capturedChanges, round } = await follow(
      `create table item (id int, v text, primary key (id, v)) partition by list (v);
       create table item_a partition of item for values in ('a');
       create table item_rest partition of item default partition by hash (id);
       create table item_rest0 partition of item_rest for values with (modulus 1, remainder 0);`,
      [mappingOf('item', ['id', 'v'])],
    );
    await source.query(`insert into item values (1, 'a')`);
    await source.query(`update item set v = 'z'`);
    await source.query(`insert into item_a values (2, 'a')`);
    expect(await capturedChanges()).toEqual(['1 ->["1", "a"]', '1 ["1", "a"]>-', '1 ->["1", "z"]', '1 ->["2", "a"]']);
    await source.query('truncate item_a');
    expect((await round()).capturedChanges).toContainEqual({ relation: 1, key: null });
    await source.query('truncate item');
    expect((await round()).capturedChanges).toEqual([{ relation: 1, key: null }]);
  });

  it('come from a session in replica role', async () => {
    const { source, capturedChanges } = await follow(item);
    await source.query(`set session_replication_role = replica; insert into item values (1, 'a'); truncate item`);
    expect(await capturedChanges()).toEqual(['1 ->["1"]', '1 ->-']);
  });

  it('come from a role that has no right to the change log, and cannot read it', async () => {
    const { source, application, changes, capturedChanges } = await follow(item);
    const role = `clerk_${source.name.slice(-10)}`;
    await source.query(`create role ${role}; grant insert, select on item to ${role};
      create schema evil; grant usage on schema evil to ${role};
      create function evil.jsonb_build_array(text) returns jsonb language sql as $$ select '["evil"]'::jsonb $$`);
    try {
      const clerk = await application();
      await clerk.query(`set session authorization ${role}`);
      await clerk.query(`set search_path = pg_temp, public; create temporary table change_x (x int)`);
      await clerk.query(`insert into public.item values (1, 'a')`);
      // found first by whoever looks along the path of the writer
      await clerk.query('set search_path = evil, pg_catalog');
      await clerk.query(`insert into public.item values (2, 'b')`);
      await expect(clerk.query(`select * from ${changes}`)).rejects.toMatchObject({ code: '42501' });
      await clerk.end();
      expect(await capturedChanges()).toEqual(['1 ->["1"]', '1 ->["2"]']);
      const functions = await source.query(
        `select prosecdef as definer, array_to_string(proconfig, ';') as settings from pg_proc where pronamespace = 'rowproof'::regnamespace`,
      );
      expect(functions).toEqual([{ definer: true, settings: 'search_path=pg_catalog, pg_temp' }]);
    } finally {
      await source.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('are gone with a savepoint that was rolled back, and stay with the rest of its transaction', async () => {
    const { source, round } = await follow(item);
    await source.query(
      `begin; insert into item values (1, 'a'); savepoint s; insert into item values (2, 'b'); rollback to s;
       savepoint t; insert into item values (3, 'c'); release t; commit`,
    );
    expect(sorted((await round()).capturedChanges)).toEqual(['["1"]', '["3"]']);
  });

  it('of a prepared transaction appear when it commits', async () => {
    const { source, round } = await follow(item);
    const gid = `t_${source.name}`;
    await source.query(`begin; insert into item values (1, 'a'); prepare transaction '${gid}'`);
    expect((await round()).capturedChanges).toEqual([]);
    await source.query(`insert into item values (2, 'b')`);
    expect(sorted((await round()).capturedChanges)).toEqual(['["2"]']);
    await source.query(`commit prepared '${gid}'`);
    expect(sorted((await round()).capturedChanges)).toEqual(['["1"]']);
  });

  it('name each key of a table that several mappings read by different keys', async () => {
    const table = 'create table item (id int primary key, code text not null unique, v text);';
    const { source, capturedChanges, relations } = await follow(
      table + 'create table copy (code text primary key, v text);',
      [
        mappingOf('item', ['id', 'code', 'v']),
        mappingOf('copy', ['code', 'v'], { from: { schema: 'public', name: 'item' }, key: ['code'] }),
      ],
    );
    await source.query(`insert into item values (1, 'x', 'a')`);
    await source.query(`update item set code = 'y'`);
    expect(relations.map(({ id }) => id)).toEqual([1, 2]);
    expect(await capturedChanges()).toEqual(['1 ->["1"]', '2 ->["x"]', '1 ->["1"]', '2 ["x"]>["y"]']);
  });

  it('are right for tables and columns with hostile names', async () => {
    const name = `we"ird'; drop table x; -- \\ Ünï`;
    const table = `"${name.replaceAll('"', '""')}"`;
    const sql = `create table ${table} (${table} text primary key, "new" int, "tg_op" int, relation int, old_key text);`;
    const { source, capturedChanges } = await follow(sql, [
      mappingOf('item', [name, 'new', 'tg_op', 'relation', 'old_key'], {
        from: { schema: 'public', name },
        target: { schema: 'public', name },
      }),
    ]);
    await source.query(`insert into ${table} values ('it''s "here" \\', 1, 2, 3, 'x')`);
    await source.query(`update ${table} set ${table} = 'b'`);
    expect(await capturedChanges()).toEqual([
      `1 ->${JSON.stringify([`it's "here" \\`])}`,
      `1 ${JSON.stringify([`it's "here" \\`])}>["b"]`,
    ]);
  });
});

function sorted(capturedChanges: readonly { key: string | null }[]): (string | null)[] {
  return capturedChanges.map(({ key }) => key).sort();
}
