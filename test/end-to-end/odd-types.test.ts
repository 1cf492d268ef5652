import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { RunStatus } from '../../src/contract/run';
import { oddChange, oddPairs, oddSource, oddTarget } from '../support/odd-types';
import { ownCluster } from '../support/postgres/own-cluster';
import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { createWorkbench, type Workbench } from '../support/workbench';

const ben = ['--by', 'ben', '--reason', 'types'];

describe('a schema of most types, under names and keys that need care', () => {
  let temporal: TestTemporal;
  let server: { stop(): Promise<void> };

  beforeAll(async () => {
    server = await ownCluster({ wal_level: 'logical', max_replication_slots: '8', max_wal_senders: '8' });
    temporal = await startTemporal();
  });
  afterAll(async () => {
    await temporal.stop();
    await server.stop();
  });

  test.each(['triggers', 'logical'])(
    'is followed with %s from the plan that init writes, and arrives to the letter',
    async (capture) => {
      const source = await createDatabase({ prefix: 'odd_old' });
      const target = await createDatabase({ prefix: 'odd_new' });
      await source.query(oddSource);
      await target.query(oddTarget);
      const bench = createWorkbench(temporal, { OLD_URL: source.url, NEW_URL: target.url });
      const writer = startWriter(source.url);
      try {
        const plan = await writePlan(bench, capture);
        bench.worker();
        const run = bench.start('run', plan, '--wait', '--output', 'json');
        const { code } = await atGate(bench, run.ended, () => `${run.stdout()}${run.stderr()}`);
        expect((await bench.rowproof('cutover', 'odd-1', '--code', code, ...ben)).code).toBe(0);
        expect([await run.ended, run.stdout(), run.stderr()]).toEqual([
          0,
          expect.stringContaining('"outcome": "complete"'),
          expect.any(String),
        ]);
        const { done, refused } = await writer.ended;
        expect(refused).toContain('no longer takes writes here');
        expect(done).toBeGreaterThan(50);
        for (const [from, to] of oddPairs)
          expect([to, await texts(target, to)]).toEqual([to, await texts(source, from)]);
      } finally {
        writer.stop();
        await writer.ended;
        await bench.close();
        await source.drop();
        await target.drop();
      }
    },
  );
});

/** The plan that `init` writes, with the capture and what is left behind on purpose. */
async function writePlan(bench: Workbench, capture: string): Promise<string> {
  const init = await bench.rowproof('init', '--name', 'odd', '--source', 'old=OLD_URL', '--target', 'NEW_URL');
  expect([init.code, init.stderr]).toEqual([0, expect.any(String)]);
  const text = readFileSync(join(bench.folder, 'odd.yaml'), 'utf8')
    .replace(/^capture: none.*$/m, `capture: ${capture}`)
    .replace(/# ignore: \[gen\].*/, 'ignore: [gen]');
  const file = bench.write('odd.yaml', text);
  writeFileSync(join(bench.folder, 'odd.yaml'), text);
  return file;
}

async function atGate(bench: Workbench, ended: Promise<unknown>, said: () => string): Promise<RunStatus> {
  const asked = bench.until('odd-1', ({ gate }) => gate === 'cutover');
  const over = ended.then(() => {
    throw new Error(`The run ended early: ${said()}`);
  });
  over.catch(() => undefined);
  return Promise.race([asked, over]);
}

/** Rows as the server spells them, sorted. */
async function texts(database: TestDatabase, table: string): Promise<string[]> {
  const rows = await database.query<{ t: string }>(`select t::text as t from ${table} t order by t::text collate "C"`);
  return rows.map(({ t }) => t);
}

interface OddWriter {
  readonly ended: Promise<{ readonly done: number; readonly refused: string }>;
  stop(): void;
}

/** Changes the source until it takes no writes any more, or is told to stop. */
function startWriter(url: string): OddWriter {
  let stopped = false;
  const write = async (): Promise<{ done: number; refused: string }> => {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    let done = 0;
    try {
      for (let n = 0; !stopped; n += 1) {
        try {
          await client.query(oddChange(n));
          done += 1;
        } catch (error) {
          const { code, message } = error as { code?: string; message: string };
          if (code !== '23505') return { done, refused: message };
        }
        await sleep(20);
      }
      return { done, refused: '' };
    } finally {
      await client.end();
    }
  };
  return { ended: write(), stop: () => void (stopped = true) };
}
