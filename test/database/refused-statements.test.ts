import { openWholeRun, sentenceOf } from './copy/whole-run';
import { defineFunction as define, isData, refusals, works } from '../support/refusing-functions';

jest.setTimeout(300_000);

test.each(Object.entries(refusals))(
  'A statement refused with %s is named by side, table, function and what was being done, in every phase of a quiet source',
  async (sqlstate, [name, body]) => {
    const run = await openWholeRun({
      source: `create sequence never_used;
        create function in_source(text) returns text language plpgsql immutable as 'begin return $1; end';
        create table t (id int primary key, c text); insert into t select g, 'canary' || g from generate_series(1, 5) g`,
      target: `create sequence never_used;
        create function in_trigger(text) returns text language plpgsql immutable as 'begin return $1; end';
        create function in_key(text) returns text language plpgsql immutable as 'begin return $1; end';
        create function in_view(text) returns text language plpgsql immutable as 'begin return $1; end';
        create table t (id int primary key, c text);
        create function note() returns trigger language plpgsql as 'begin perform in_trigger(new.c); return new; end';
        create trigger note before insert on t for each row execute function note();
        create unique index once on t (in_key(c));
        create materialized view seen as select in_view(c) from t`,
      mappings: [{ name: 't', columns: [{ target: 'id' }, { target: 'c', sql: 'public.in_source(c)' }] }],
      decisions: [{ finding: 't.note.trigger', do: 'fire', expect: null, because: 'audited', by: 'ana' }],
    });
    const said: string[] = [];
    const refused = async (phase: () => Promise<unknown>, words: readonly string[]): Promise<void> => {
      const sentence = await sentenceOf(phase());
      said.push(sentence);
      for (const word of [`${name} (${sqlstate})`, ...words]) expect(sentence).toContain(word);
    };
    try {
      // what is wrong with the data of a row is a finding of that row and refuses nothing
      await define(run.source, 'in_source', body);
      if (!isData(sqlstate)) {
        await refused(
          () => run.discover(),
          ['Source legacy (${SOURCE_URL})', 'reading public.t for discovery', 'function public.in_source'],
        );
      }
      await define(run.source, 'in_source', works);
      await run.discover();
      await run.prepare();
      await define(run.target, 'in_trigger', body);
      if (!isData(sqlstate)) {
        await refused(
          () => run.copyAll(),
          ['The target (${TARGET_URL})', 'copying batch 0 of public.t', 'function public.in_trigger'],
        );
      }
      await define(run.target, 'in_trigger', works);
      await run.copyAll();
      await define(run.target, 'in_key', body);
      await refused(
        () => run.finish(),
        ['The target (${TARGET_URL})', 'rows of public.t that break once', 'function public.in_key'],
      );
      await define(run.target, 'in_key', works);
      await define(run.target, 'in_view', body);
      // a view that cannot be refreshed is no reason to end: it is noted with its sentence
      await run.finish();
      const [view] = await run.target.query<{ why: string }>(
        `select detail ->> 'not refreshed' as why from rowproof.check_result where kind = 'view'`,
      );
      said.push(view?.why ?? '');
      const words = [
        'The target (${TARGET_URL})',
        'refreshing materialized view public.seen',
        'function public.in_view',
      ];
      for (const word of [...words, `${name} (${sqlstate})`]) expect(view?.why).toContain(word);
      await define(run.target, 'in_view', works);
      await define(run.source, 'in_source', body);
      await refused(
        () => run.prove(),
        ['Source legacy (${SOURCE_URL})', 'comparing rows of public.t for the proof', 'function public.in_source'],
      );
      await define(run.source, 'in_source', works);
      expect((await run.prove()).problems).toEqual([]);
      expect(said.join(' ')).not.toContain('canary');
    } finally {
      await run.drop();
    }
  },
);

test('A column that is gone is named, on whichever side it was', async () => {
  const run = await openWholeRun({
    source: `create table t (id int primary key, "Old name" text); insert into t values (1, 'canary')`,
    target: 'create table t (id int primary key, c text)',
    mappings: [{ name: 't', columns: [{ target: 'id' }, { target: 'c', from: ['Old name'] }] }],
  });
  try {
    await run.discover();
    await run.prepare();
    await run.source.query('alter table t rename "Old name" to now');
    const copied = await sentenceOf(run.copyAll());
    expect(copied).toContain('Source legacy (${SOURCE_URL}) refused a statement while copying batch 0 of public.t');
    expect(copied).toContain('undefined_column (42703)');
    expect(copied).toContain('"Old name"');
    await run.source.query('alter table t rename now to "Old name"');
    await run.copyAll();
    await run.finish();
    await run.target.query('alter table t rename c to d');
    expect(await sentenceOf(run.prove())).toMatch(
      /^The target \(\$\{TARGET_URL\}\) refused a statement while comparing rows of public\.t for the proof: undefined_column \(42703\), at .*"c"/,
    );
  } finally {
    await run.drop();
  }
});

test('A function that is called like a value of the row, and gone when the statement is undone, is not named', async () => {
  const run = await openWholeRun({
    source: `create table t (id int primary key, c text); insert into t values (1, 'canary')`,
    target: `create table t (id int primary key, c text);
      create function note() returns trigger language plpgsql as $$begin
        execute format('create function public.%I() returns int language plpgsql as %L', new.c, 'begin perform 1 from gone; end');
        execute format('select public.%I()', new.c);
        return new; end$$;
      create trigger note before insert on t for each row execute function note()`,
    mappings: [{ name: 't', columns: [{ target: 'id' }, { target: 'c' }] }],
    decisions: [{ finding: 't.note.trigger', do: 'fire', expect: null, because: 'audited', by: 'ana' }],
  });
  try {
    await run.prepare();
    const sentence = await sentenceOf(run.copyAll());
    expect(sentence).toContain('copying batch 0 of public.t: undefined_table (42P01), in function public.note.');
    expect(sentence).not.toContain('canary');
  } finally {
    await run.drop();
  }
});
