import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { lookAt } from '../support/postgres/fingerprint';
import { createGatedBench, type GatedBench } from '../support/gated-bench';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { document, eventually, type Started } from '../support/workbench';

interface Call {
  readonly kind: string;
  readonly run: string;
  readonly sentence: string;
  readonly text: string;
}

const by = ['--by', 'ben', '--reason', 'because'];

describe('what operators do', () => {
  let temporal: TestTemporal;
  let bench: GatedBench;
  let hook: Server;
  let intruder: Client | null = null;
  const calls: Call[] = [];
  let before: Awaited<ReturnType<typeof lookAt>>;

  const look = (): ReturnType<typeof lookAt> => lookAt(bench.target.query as never, 'shop');
  const start = (): Started => bench.start('run', bench.plan, '--wait', '--output', 'json');
  const kinds = (run: string): string[] => calls.filter((call) => call.run === run).map(({ kind }) => kind);

  beforeAll(async () => {
    hook = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        calls.push(JSON.parse(body) as Call);
        response.end();
      });
    });
    await new Promise<void>((listening) => hook.listen(0, '127.0.0.1', listening));
    temporal = await startTemporal();
    bench = await createGatedBench(temporal, {
      decisions: null,
      settings: 'gates: [copy], approvers: { copy: [ben, eva] }, lock_timeout: 300ms, notify: "${HOOK_URL}"',
      env: { HOOK_URL: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook` },
    });
    before = await look();
    bench.worker();
  });
  afterAll(async () => {
    await intruder?.end();
    await bench.close();
    await temporal.stop();
    await new Promise((closed) => hook.close(closed));
  });

  it('parks a run at findings without a decision, and at the gate; refuses what makes no sense; then goes on', async () => {
    const cli = start();
    const parked = await bench.until('shop-1', ({ undecided }) => undecided.length > 0);
    expect(parked.state).toBe('waiting');
    expect(parked.undecided.map(({ id, rows }) => [id, rows]).sort()).toEqual([
      ['orders.customer_no.orphan', 6],
      ['orders.ordered_on.bad_date', 8],
    ]);
    const odd = await bench.rowproof('decide', 'orders.nothing.orphan', 'quarantine', ...by);
    expect([odd.code, odd.stderr]).toEqual([4, expect.stringMatching(/No undecided finding orders\.nothing\.orphan/)]);
    const wrong = await bench.rowproof('decide', 'orders.customer_no.orphan', 'fire', ...by);
    expect([wrong.code, wrong.stderr]).toEqual([4, expect.stringMatching(/takes .*not fire/)]);
    for (const { id, rows } of parked.undecided) {
      const said = await bench.rowproof('decide', id, 'quarantine', '--expect', String(rows), ...by);
      expect([said.code, said.stderr]).toEqual([0, '']);
    }
    const gate = await bench.until('shop-1', (seen) => seen.gate === 'copy');
    expect(await look()).toEqual(before);

    const nobody = await bench.rowproof('approve', 'copy', '--code', gate.code, '--by', ' ', '--reason', 'x');
    expect([nobody.code, nobody.stderr]).toEqual([4, expect.stringMatching(/by/)]);
    const unnamed = await bench.rowproof('approve', 'copy', '--code', gate.code);
    expect([unnamed.code, unnamed.stderr]).toEqual([2, expect.stringContaining('--by')]);
    const stranger = await bench.rowproof('approve', 'copy', '--code', gate.code, '--by', 'mallory', '--reason', 'x');
    expect([stranger.code, stranger.stderr]).toEqual([4, expect.stringContaining('mallory may not approve copy')]);
    const code = await bench.rowproof('approve', 'copy', '--code', '0000-0000', ...by);
    expect([code.code, code.stderr]).toEqual([4, expect.stringContaining(gate.code)]);
    expect((await bench.status('shop-1'))?.gate).toBe('copy');

    await bench.closeGate();
    expect((await bench.rowproof('approve', 'copy', '--code', gate.code, ...by)).code).toBe(0);
    const twice = await bench.rowproof('approve', 'copy', '--code', gate.code, ...by);
    expect([twice.code, twice.stderr]).toEqual([4, expect.stringMatching(/No gate waits|approved already/)]);

    await bench.stuckAtGate('shop-1');
    expect((await bench.rowproof('pause', ...by)).code).toBe(0);
    await bench.until('shop-1', ({ state }) => state === 'paused');
    await bench.openGate();
    const running = (): Promise<{ n: number }[]> =>
      bench.target.query(`select count(*)::int as n from rowproof.batch where run = 'shop-1' and state = 'running'`);
    await eventually(async () => (await running())[0]?.n === 0);
    expect((await bench.rowproof('resume', ...by)).code).toBe(0);
    expect(await cli.ended).toBe(0);
    expect(JSON.parse(cli.stdout())).toMatchObject({ outcome: 'complete' });
    const events = await bench.target.query<{ kind: string; body: { by: string } }>(
      `select kind, body from rowproof.event where run = 'shop-1' and kind in ('approved', 'paused', 'resumed', 'decided') order by seq`,
    );
    expect(events.filter(({ kind }) => kind !== 'decided').map(({ kind, body }) => [kind, body.by])).toEqual([
      ['approved', 'ben'],
      ['paused', 'ben'],
      ['resumed', 'ben'],
    ]);
    expect(kinds('shop-1')).toEqual(['gate', 'gate', 'done']);
    expect(calls.at(-1)).toMatchObject({
      kind: 'done',
      plan: 'shop',
      text: expect.stringContaining('shop-1') as string,
    });
    const closed = await bench.rowproof('pause', 'shop-1', ...by);
    expect([closed.code, closed.stderr]).toEqual([4, expect.stringContaining('RP4206')]);
    await bench.rowproof('rollback', 'shop-1', ...by);
    expect(await look()).toEqual(before);
  });

  it('ends as failed with one sentence after abort and its rollback, and the target is as before', async () => {
    bench.writePlan({
      decisions: `  "*": { do: quarantine, because: known, by: ana }`,
      settings: 'notify: { command: [sh, -c, "cat >> hook.log; echo >> hook.log"] }',
    });
    await bench.closeGate();
    const cli = start();
    await bench.stuckAtGate('shop-2');
    const aborted = await bench.rowproof('abort', '--then', 'rollback', ...by);
    expect([aborted.code, aborted.stderr]).toEqual([0, '']);
    expect(await cli.ended).toBe(1);
    await bench.openGate();
    const { verdict, outcome } = JSON.parse(cli.stdout()) as { verdict: string; outcome: string };
    expect(verdict).toMatch(/^Aborted by ben: because Rolled back: \d+ steps undone, the target is as it was\.$/);
    expect(outcome).not.toBe('complete');
    expect(await look()).toEqual(before);
    const seen = await bench.rowproof('status', 'shop-2', '--output', 'json');
    expect(document(seen)).toMatchObject({ run: { outcome: 'rolled_back' } });
    const log = join(bench.folder, 'hook.log');
    expect(existsSync(log) ? readFileSync(log, 'utf8') : '').toContain('"kind":"failed"');
  });

  it('shows a blocked batch with what to do while the rest goes on, and `resolve` lets it go on', async () => {
    bench.writePlan({
      decisions: `  "*": { do: quarantine, because: known, by: ana }`,
      settings: 'lock_timeout: 300ms, notify: "${HOOK_URL}"',
    });
    await bench.closeGate();
    const cli = start();
    const run = await eventually(() => /^(shop-\d+): Temporal UI/m.exec(cli.stderr())?.[1] ?? null);
    await bench.stuckAtGate(run);
    intruder = new Client({ connectionString: bench.target.url });
    await intruder.connect();
    // waits behind the batches at the gate, and every later batch waits behind it
    const locked = intruder.query('begin; lock table shop.orders in access exclusive mode');
    await eventually(async () => {
      const seen = `select from pg_locks where relation = 'shop.orders'::regclass and mode = 'AccessExclusiveLock'`;
      return (await bench.target.query(seen)).length > 0;
    });
    // one of those at the gate begins anew: all of them may have been there already
    await bench.source.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and wait_event = 'PgSleep' order by pid limit 1`,
    );
    const seen = await bench.until(run, ({ blocked }) => blocked.length > 0);
    const { what, why } = seen.blocked[0] as { what: string; why: string };
    expect(what).toMatch(/^orders:\d+$/);
    expect(why).toMatch(/55P03|lock/);
    const text = await bench.rowproof('status', run);
    expect(text.stdout).toContain(`rowproof resolve ${what} retry --by`);
    const none = await bench.rowproof('resolve', 'orders:9999', 'retry', ...by);
    expect([none.code, none.stderr]).toEqual([4, expect.stringContaining('orders:9999 is not blocked')]);
    await bench.openGate();
    await locked;
    await intruder.query('rollback');
    let ended: number | null | undefined;
    void cli.ended.then((code) => (ended = code));
    await eventually(async () => {
      if (ended !== undefined) return true;
      if (((await bench.status(run))?.blocked.length ?? 0) > 0) await bench.rowproof('resolve', '*', 'retry', ...by);
      return false;
    });
    expect(ended).toBe(0);
    expect(JSON.parse(cli.stdout())).toMatchObject({ outcome: 'complete' });
    expect((await bench.outcome(run)).unreceipted).toBe(0);
    expect(kinds(run)).toEqual(expect.arrayContaining(['blocked', 'done']));
    expect(calls.find(({ kind, run }) => kind === 'blocked' && run === run)?.sentence).toContain(' is blocked: ');
  });
});
