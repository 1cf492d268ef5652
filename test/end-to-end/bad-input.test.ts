import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { lookAt } from '../support/postgres/fingerprint';
import { createGatedBench, gatedPlan, ordinaryRole, type GatedBench } from '../support/gated-bench';
import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { createWorkbench, withClient, type Workbench } from '../support/workbench';

const source = `
  create table public.a (id integer primary key, v text);
  insert into public.a select n, 'v' || n from generate_series(1, 10) n;
  create table public.no_key (v text);
  create table public.hidden (id integer primary key);
  create table public.x (id integer primary key);
  create table public.y (id integer primary key);`;
const target = `
  create schema t;
  create table t.a (id integer primary key, v text);
  create table t.no_key (v text);
  create table t.hidden (id integer primary key);
  create table t.x (id integer primary key);
  create table t.y (id integer primary key references t.x);
  alter table t.x add foreign key (id) references t.y;
  create table t.full (id integer primary key, v text);
  insert into t.full values (1, 'here before');`;

const ignoreAll = 'ignore_tables: ["public.*"]';
const head = (name: string, to = '"${NEW_URL}"', from = '"${OLD_URL}"'): string =>
  `version: 1\nname: ${name}\nsources: { old: ${from} }\ntarget: ${to}\n${ignoreAll}\n`;
const good = 'tables:\n  t.a: { from: public.a, columns: { id: id, v: v } }\n';

interface Case {
  readonly title: string;
  readonly plan: string;
  readonly code: string;
  readonly exit: number;
  /** What the message must name. */
  readonly says?: RegExp;
}

const cases: readonly Case[] = [
  {
    title: 'an unknown key and a wrong type, both at once with their lines',
    plan: `${head('keys')}tables:\n  t.a: { from: public.a, colums: { id: id }, columns: { id: id, v: v } }\nsettings: { batch: { rows: many } }\n`,
    code: 'RP1003',
    exit: 2,
    says: /keys\.yaml:7:\d+[\s\S]*columns[\s\S]*RP1003[\s\S]*keys\.yaml:8:\d+[\s\S]*RP1004/,
  },
  {
    title: 'one column written twice',
    plan: `${head('twice')}tables:\n  t.a: { from: public.a, id: { keep: id }, columns: { id: id, v: v } }\n`,
    code: 'RP1007',
    exit: 2,
  },
  {
    title: 'references in a circle without an id to start from',
    plan: `${head('circle')}tables:\n  t.x: { from: public.x, columns: { id: { from: id, ref: t.y } } }\n  t.y: { from: public.y, columns: { id: { from: id, ref: t.x } } }\n`,
    code: 'RP1009',
    exit: 2,
  },
  {
    title: 'a source table without a key that is followed',
    plan: `${head('nokey')}capture: triggers\ntables:\n  t.no_key: { from: public.no_key, columns: { v: v } }\n`,
    code: 'RP2011',
    exit: 2,
    says: /no_key/,
  },
  {
    title: 'a target schema that is not there',
    plan: `${head('schema')}tables:\n  nowhere.a: { from: public.a, columns: { id: id } }\n`,
    code: 'RP2003',
    exit: 2,
    says: /nowhere/,
  },
  {
    title: 'a table that the role may not read',
    plan: `${head('rights')}tables:\n  t.hidden: { from: public.hidden, columns: { id: id } }\n`,
    code: 'RP2023',
    exit: 2,
    says: /hidden/,
  },
  {
    title: 'a target that belongs to others',
    plan: `${head('owner', '"${STRANGER_URL}"')}${good}`,
    code: 'RP2024',
    exit: 2,
  },
  {
    title: 'a target table that is not empty',
    plan: `${head('full')}tables:\n  t.full: { from: public.a, columns: { id: id, v: v } }\n`,
    code: 'RP5101',
    exit: 4,
    says: /t\.full[\s\S]*when_not_empty: replace/,
  },
  { title: 'a server that is not there', plan: head('refused', '"${CLOSED_URL}"') + good, code: 'RP3001', exit: 3 },
  { title: 'a wrong password', plan: head('password', '"${WRONG_URL}"') + good, code: 'RP3004', exit: 3 },
  {
    title: 'a database that is not there',
    plan: head('database', '"${NODB_URL}"') + good,
    code: 'RP3011',
    exit: 3,
  },
  {
    title: 'TLS that the server does not offer',
    plan: head('tls', '{ url: "${NEW_URL}", tls: { mode: require } }') + good,
    code: 'RP3008',
    exit: 3,
  },
  {
    title: 'an environment variable that is not set',
    plan: head('unset', '"${NOT_SET_URL}"') + good,
    code: 'RP3018',
    exit: 3,
    says: /NOT_SET_URL/,
  },
  {
    title: 'a literal password in the plan',
    plan: head('literal', '"postgresql://me:hunter2@db/crm"') + good,
    code: 'RP1011',
    exit: 2,
  },
];

const inputs: readonly [title: string, input: unknown, says: RegExp][] = [
  ['an empty object', [{}], /plan/],
  ['a text', ['x'], /JSON object/],
  ['a list', [[]], /JSON object/],
  ['nothing', [], /JSON object/],
  ['a plan that does not exist', [{ plan: 'nope' }], /no plan named nope[\s\S]*good/],
  ['a field that does not exist', [{ plan: 'good', bogus: 1 }], /bogus/],
];

describe('bad input', () => {
  let temporal: TestTemporal;
  let bench: Workbench;
  let from: TestDatabase;
  let to: TestDatabase;
  let before: Awaited<ReturnType<typeof lookAt>>;
  const role = `bad_${randomBytes(4).toString('hex')}`;

  beforeAll(async () => {
    temporal = await startTemporal();
    from = await createDatabase({ prefix: 'bad_old' });
    to = await createDatabase({ prefix: 'bad_new' });
    const old = await ordinaryRole(from, role, 'r1ght-passw0rd');
    const owner = await ordinaryRole(to, role, 'r1ght-passw0rd');
    const stranger = await ordinaryRole(to, `${role}_other`, 'r1ght-passw0rd');
    await from.query(`${source}; grant select on public.a, public.no_key, public.x, public.y to ${role}`);
    await to.query(`grant create on database ${to.name} to ${role}; set role ${role}; ${target}`);
    await to.query(`grant usage on schema t to ${role}_other`);
    before = await lookAt(to.query as never, 't');
    const changed = (change: (url: URL) => void): string => {
      const url = new URL(owner);
      change(url);
      return url.toString();
    };
    const closed = await closedPort();
    bench = createWorkbench(temporal, {
      OLD_URL: old,
      NEW_URL: owner,
      STRANGER_URL: stranger,
      CLOSED_URL: changed((url) => (url.port = String(closed))),
      WRONG_URL: changed((url) => (url.password = 'wr0ng-passw0rd')),
      NODB_URL: changed((url) => (url.pathname = '/no_such_database')),
    });
  });
  afterAll(async () => {
    await bench.close();
    for (const [database, name] of [
      [from, role],
      [to, role],
      [to, `${role}_other`],
    ] as const) {
      await database.query(`drop owned by ${name} cascade`);
    }
    await from.drop();
    await to.drop();
    await temporal.stop();
  });

  it.each(cases)('names $title: code, fix, exit code, and nothing left behind', async ({ plan, code, exit, says }) => {
    const name = /^name: (.*)$/m.exec(plan)?.[1] ?? '';
    const file = bench.write(`${name}.yaml`, plan);
    const result = await bench.rowproof('run', file);
    expect([result.code, result.stdout, result.stderr]).toEqual([exit, '', expect.stringContaining(code)]);
    expect(result.stderr).toMatch(/fix {4}\S+/);
    if (says !== undefined) expect(result.stderr).toMatch(says);
    expect(result.stderr).not.toMatch(/wr0ng-passw0rd|hunter2|r1ght-passw0rd/);
    expect(await to.query(`select 1 from pg_namespace where nspname = 'rowproof'`)).toEqual([]);
    expect(await lookAt(to.query as never, 't')).toEqual(before);
    const json = await bench.rowproof('check', file, '--output', 'json');
    expect(() => JSON.parse(json.stdout) as unknown).not.toThrow();
  });

  it('fails a workflow that was started with a wrong input by a sentence, and retries no workflow task', async () => {
    for (const { plan } of cases) bench.write(`${/^name: (.*)$/m.exec(plan)?.[1] ?? ''}.yaml`, '');
    bench.write('good.yaml', head('good') + good);
    bench.worker();
    await withClient(temporal, async (client) => {
      for (const [title, args, says] of inputs) {
        const workflowId = `bad ${title}`;
        const handle = await client.workflow.start('migration', {
          workflowId,
          taskQueue: bench.taskQueue,
          args: args as [],
        });
        const failure = await handle.result().then(
          () => null,
          (error: { cause?: Error & { cause?: Error } }) => error.cause?.cause ?? error.cause,
        );
        expect([title, failure?.message]).toEqual([title, expect.stringMatching(says)]);
        const { events } = await handle.fetchHistory();
        expect(events?.filter((event) => event.workflowTaskFailedEventAttributes != null)).toEqual([]);
      }
    });
    expect(await lookAt(to.query as never, 't')).toEqual(before);
  });
});

describe('a run that is under way', () => {
  let temporal: TestTemporal;
  let bench: GatedBench;

  beforeAll(async () => {
    temporal = await startTemporal();
    bench = await createGatedBench(temporal);
    bench.worker();
  });
  afterAll(async () => {
    await bench.close();
    await temporal.stop();
  });

  it('refuses a second start, from the CLI and from the UI, and goes on with what it compiled after its plan was edited', async () => {
    await bench.closeGate();
    const first = bench.start('run', bench.plan, '--wait', '--output', 'json');
    await bench.stuckAtGate('shop-1');
    const second = await bench.rowproof('run', bench.plan);
    expect([second.code, second.stderr]).toEqual([4, expect.stringContaining('RP4202')]);
    const fromUi = await withClient(temporal, async (client) => {
      const handle = await client.workflow.start('migration', {
        workflowId: 'another',
        taskQueue: bench.taskQueue,
        args: [{ plan: 'shop' }],
      });
      return handle.result().then(
        () => 'it ran',
        (error: { cause?: Error & { cause?: Error } }) => error.cause?.cause?.message ?? error.cause?.message,
      );
    });
    expect(fromUi).toMatch(/shop-1 of plan shop is running already.*RP4202/);

    const finish = await bench.rowproof('finish', 'shop-1');
    expect([finish.code, finish.stderr]).toEqual([4, expect.stringContaining('RP4202')]);
    const rollback = await bench.rowproof('rollback', 'shop-1', '--by', 'ana', '--reason', 'no');
    expect([rollback.code, rollback.stderr]).toEqual([4, expect.stringContaining('RP4202')]);

    bench.write('shop.yaml', gatedPlan({}).replace('scale: -2', 'scale: -1'));
    await withClient(temporal, (client) => client.workflow.getHandle('shop-1').terminate('test'));
    await first.ended;
    const edited = await bench.rowproof('run', bench.plan);
    expect([edited.code, edited.stderr]).toEqual([4, expect.stringContaining('RP4203')]);
    expect(edited.stderr).toContain('--resume');
    const resumed = bench.start('run', bench.plan, '--wait', '--resume', 'shop-1', '--output', 'json');
    await bench.openGate();
    expect(await resumed.ended).toBe(0);
    expect(JSON.parse(resumed.stdout())).toMatchObject({ run: 'shop-1', outcome: 'complete' });
    const [order] = await bench.target.query<{ total: string }>(`select total from shop.orders where legacy_no = 100`);
    expect(order?.total).toBe('10.00');
  });
});

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
