import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Client } from 'pg';
import { ordinaryRole } from '../support/gated-bench';
import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { createWorkbench, eventually, withClient, type Workbench } from '../support/workbench';

/** Every value below begins so; nothing that leaves the databases may contain it, in whatever case. */
const canary = `cnry${randomBytes(3).toString('hex')}`;

const source = `
  create table public.people (code text primary key, name text not null, mail text, born text, score text, remark text, boss text);
  insert into public.people
    select '${canary}-key-' || n, '${canary} name ' || n, '${canary}' || n || '@mail', '01/02/1970', n::text, 'fine', null
    from generate_series(1, 400) n;
  update public.people set born = '${canary}-date' where code = '${canary}-key-7';
  update public.people set score = '${canary}-cast' where code = '${canary}-key-8';
  update public.people set mail = '${canary}1@mail' where code = '${canary}-key-9';
  update public.people set name = '${canary} a name that is far too long for the column that is to take it' where code = '${canary}-key-10';
  update public.people set remark = '${canary}-check' where code = '${canary}-key-11';
  update public.people set remark = '${canary}-trigger' where code = '${canary}-key-12';
  update public.people set boss = '${canary}-nobody' where code = '${canary}-key-13';
  update public.people set boss = '${canary}-key-7' where code = '${canary}-key-14';`;

/** A CHECK and a trigger that no trial on the source foresees: they fail inside the batch, with the row in the message. */
const target = `
  create schema vault;
  create function vault.sound(remark text) returns boolean language plpgsql as $$
  begin return remark not like '%-check'; end $$;
  create table vault.person (
    code text primary key, name varchar(40) not null, mail text unique, born date not null, score integer not null,
    remark text constraint remark_sound check (vault.sound(remark)), boss text references vault.person
  );
  create function vault.refuse() returns trigger language plpgsql as $$
  begin
    if new.remark like '%-trigger' then raise exception 'will not take % of %', new.remark, new.code using errcode = '23514'; end if;
    return new;
  end $$;
  create trigger refuse before insert on vault.person for each row execute function vault.refuse();`;

const planText = (name: string, onBadRow: string): string => `version: 1
name: ${name}
sources: { old: "\${OLD_URL}" }
target: "\${NEW_URL}"
defaults: { on_bad_row: ${onBadRow}, max_bad_rows: 10% }
tables:
  vault.person:
    from: public.people
    id: { keep: code }
    columns:
      name: name
      mail: mail
      born: { from: born, steps: [{ parse_date: [DD/MM/YYYY] }] }
      score: { sql: "score::integer" }
      remark: remark
      boss: { from: boss, ref: vault.person }
    rules: { mail: [unique, not_null], name: [not_empty] }
spot_checks: { known: { table: vault.person, file: known.csv } }
decisions:
  person.refuse.trigger: { do: fire, because: it guards the remarks, by: ana }
settings: { gates: [copy], batch: { rows: 100 }, lock_timeout: 300ms, on_failure: keep, notify: "\${HOOK_URL}" }
`;

describe('secrets and row values', () => {
  let temporal: TestTemporal;
  let bench: Workbench;
  let databases: { old: TestDatabase; new: TestDatabase };
  let hook: Server;
  let intruder: Client | null = null;
  const said: string[] = [];
  const by = ['--by', 'ben', '--reason', 'because'];

  /** Everything a command printed is kept for the search. */
  const rowproof = async (...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> => {
    const result = await bench.rowproof(...args);
    said.push(`${args.join(' ')}\n${result.stdout}\n${result.stderr}`);
    return result;
  };

  beforeAll(async () => {
    hook = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => said.push(`hook ${chunk.toString()}`));
      request.on('end', () => response.end());
    });
    await new Promise<void>((listening) => hook.listen(0, '127.0.0.1', listening));
    temporal = await startTemporal();
    databases = {
      old: await createDatabase({ prefix: 'secret_old' }),
      new: await createDatabase({ prefix: 'secret_new' }),
    };
    const reader = await ordinaryRole(databases.old, `${canary}_reader`, `${canary}-password`);
    const owner = await ordinaryRole(databases.new, `${canary}_owner`, `${canary}-password`);
    await databases.old.query(`${source}; grant select on public.people to ${canary}_reader`);
    await databases.new.query(
      `grant create on database ${databases.new.name} to ${canary}_owner; set role ${canary}_owner; ${target}`,
    );
    bench = createWorkbench(temporal, {
      OLD_URL: reader,
      NEW_URL: owner,
      HOOK_URL: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/${canary}-token`,
    });
    bench.write('vault.yaml', planText('vault', 'quarantine'));
    bench.write('strict.yaml', planText('strict', 'stop'));
    bench.write('known.csv', `code,name\n${canary}-key-1,${canary} name 1\n${canary}-key-2,${canary} wrong name\n`);
    bench.worker();
  });
  afterAll(async () => {
    await intruder?.end();
    await bench.close();
    for (const [database, role] of [
      [databases.old, `${canary}_reader`],
      [databases.new, `${canary}_owner`],
    ] as const) {
      await database.query(`drop owned by ${role} cascade`);
      await database.query(`drop role ${role}`);
      await database.drop();
    }
    await temporal.stop();
    await new Promise((closed) => hook.close(closed));
  });

  it('stay in the databases through failures, the careful path, a blocked batch, a failed run and an abort', async () => {
    await rowproof('check', 'plans/vault.yaml');
    await rowproof('plan', 'plans/vault.yaml', '--sql');
    await rowproof('doctor', 'plans/vault.yaml');
    const run = bench.start('run', 'plans/vault.yaml', '--wait', '--output', 'json');
    const details: string[] = [];
    const waiting = async (name: string, when: (status: Waiting) => boolean): Promise<Waiting> =>
      eventually(async () => {
        const { stdout, code } = await rowproof('status', name, '--output', 'json');
        if (code !== 0) return null;
        const { status } = JSON.parse(stdout) as { status?: Waiting };
        if (status === undefined) return null;
        details.push(await currentDetails(temporal, name));
        for (const { id, choices } of status.undecided) {
          await rowproof('decide', id, choices.includes('quarantine') ? 'quarantine' : 'accept', ...by, '--run', name);
        }
        return when(status) ? status : null;
      });
    const { code } = await waiting('vault-1', ({ gate }) => gate === 'copy');
    intruder = new Client({ connectionString: databases.new.url });
    await intruder.connect();
    await rowproof('approve', 'copy', '--code', 'wrong', ...by);
    // prepared tables are what the copy is kept from
    await rowproof('approve', 'copy', '--code', code, ...by);
    await eventually(async () => {
      const found = await databases.new.query(`select 1 from rowproof.batch where run = 'vault-1'`);
      return found.length > 0;
    });
    await intruder.query('begin; lock table vault.person in access exclusive mode');
    let over = false;
    void run.ended.then(() => (over = true));
    await eventually(async () => {
      const { stdout } = await rowproof('status', 'vault-1', '--output', 'json');
      return over || (JSON.parse(stdout) as { status?: Waiting }).status?.blocked.length !== 0;
    });
    await intruder.query('rollback');
    await eventually(async () => {
      if (over) return true;
      const { stdout } = await rowproof('status', 'vault-1', '--output', 'json');
      const { status } = JSON.parse(stdout) as { status?: Waiting };
      for (const { id } of status?.undecided ?? []) await rowproof('decide', id, 'quarantine', ...by);
      if ((status?.blocked.length ?? 0) > 0) await rowproof('resolve', '*', 'retry', ...by);
      return false;
    });
    said.push(run.stdout(), run.stderr());
    // the wrong spot check keeps it from being complete
    expect([await run.ended, run.stdout()]).toEqual([1, expect.stringMatching(/spot check/i)]);
    const inQuarantine = await databases.new.query<{ source_key: string; reason: string }>(
      `select source_key, reason from rowproof.quarantine where run = 'vault-1'`,
    );
    expect(
      inQuarantine.map(({ source_key: key }) => Number(/\d+(?="\]$)/.exec(key)?.[0])).sort((a, b) => a - b),
    ).toEqual([7, 8, 9, 10, 11, 12, 13, 14]);
    await rowproof('quarantine', 'vault-1');
    // its stdout is the file that somebody asked for, the one place where rows may go
    const exported = await bench.rowproof('quarantine', 'vault-1', '--csv');
    expect([exported.code, leaks(exported.stdout)]).toEqual([0, expect.arrayContaining([expect.any(String)])]);
    said.push(exported.stderr);
    await rowproof('report', 'vault-1');
    await rowproof('rollback', 'vault-1', ...by);

    const strict = bench.start('run', 'plans/strict.yaml', '--wait', '--output', 'ndjson');
    const second = await waiting('strict-1', ({ gate }) => gate === 'copy');
    await rowproof('approve', 'copy', '--code', second.code, '--run', 'strict-1', ...by);
    await rowproof('abort', 'strict-1', '--then', 'rollback', ...by);
    expect(await strict.ended).not.toBe(0);
    said.push(strict.stdout(), strict.stderr(), ...details);
  }, 400_000);

  it('occur nowhere outside: histories, logs, terminal, reports, hooks', async () => {
    const histories = await allHistories(temporal);
    expect(Object.keys(histories).length).toBeGreaterThan(5);
    const written = filesBelow(join(bench.folder, 'rowproof'));
    expect(Object.keys(written).map((path) => basename(path))).toEqual(
      expect.arrayContaining(['report.html', 'report.json', 'run.json']),
    );
    const places: Record<string, string> = {
      ...histories,
      'worker log': readFileSync(bench.workerLog, 'utf8'),
      'Temporal log': readFileSync(temporal.log, 'utf8'),
      ...written,
      'commands and hooks': said.join('\n'),
    };
    expect(said.some((text) => text.startsWith('hook'))).toBe(true);
    const found = Object.entries(places).flatMap(([place, text]) => leaks(text).map((leak) => `${place}: ${leak}`));
    expect(found).toEqual([]);
  });
});

interface Waiting {
  readonly gate: string | null;
  readonly code: string;
  readonly undecided: readonly { id: string; choices: string[] }[];
  readonly blocked: readonly unknown[];
}

/** Every file that the commands left behind. */
function filesBelow(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'utf8')]));
}

/** Each occurrence with what is around it; role names are no secret and are taken out first. */
function leaks(text: string): string[] {
  const shown = text.replace(new RegExp(`${canary}_(reader|owner)`, 'g'), 'ROLE');
  return [...shown.matchAll(new RegExp(`.{0,60}${canary}.{0,60}`, 'gi'))].map(([around]) => around).slice(0, 3);
}

async function currentDetails(temporal: TestTemporal, workflowId: string): Promise<string> {
  return withClient(temporal, async (client) =>
    JSON.stringify(await client.workflow.getHandle(workflowId).query('__temporal_workflow_metadata')),
  );
}

/** Histories of all workflows as JSON, with every payload decoded. */
async function allHistories(temporal: TestTemporal): Promise<Record<string, string>> {
  return withClient(temporal, async (client) => {
    const texts: Record<string, string> = {};
    for await (const { workflowId, runId, memo, searchAttributes } of client.workflow.list()) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      const decoded = JSON.stringify(history, function (this: Record<string, unknown>, key) {
        // as it stands in the object: Buffer has a toJSON of its own, which writes numbers
        const value = this[key];
        if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
        return typeof value === 'bigint' ? String(value) : value;
      });
      texts[`${workflowId} ${runId}`] = `${decoded} ${JSON.stringify({ memo, searchAttributes })}`;
    }
    return texts;
  });
}
