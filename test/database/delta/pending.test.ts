import {
  addPending,
  readablePending,
  removePending,
  type PendingKey,
} from '../../../src/postgres/ledger/follow/pending';
import type { Session } from '../../../src/postgres/session';
import { inTransaction } from '../../../src/postgres/transaction';
import { openFollowedRun, people, type FollowedRun } from './followed-run';

/** Sees every transaction. */
const everything = '9223372036854775807:9223372036854775807:';
const source = 'legacy';

describe('keys that wait', () => {
  let run: FollowedRun;
  let ledger: Session;
  beforeEach(async () => {
    run = await openFollowedRun(people);
    ledger = await run.databases.ledger(run.ref, 'test');
  });
  afterEach(async () => {
    ledger.destroy();
    await run.drop();
  });

  const add = async (...keys: PendingKey[]): Promise<void> => {
    async function* once(): AsyncGenerator<PendingKey[]> {
      await Promise.resolve();
      yield keys;
    }
    await inTransaction(ledger, 'read write', () => addPending(ledger, run.ref.run, source, once()));
  };
  const read = (limit = 100): ReturnType<typeof readablePending> =>
    readablePending(ledger, run.ref.run, source, everything, limit);
  const left = async (): Promise<unknown> => (await read()).map(({ relation, key, xid }) => [relation, key, xid]);

  it('are taken away as they were read: what came since for the same key stays', async () => {
    await add(
      { relation: 1, key: '["1"]', xid: '700' },
      { relation: 1, key: '["2"]', xid: null },
      { relation: 1, key: null, xid: '701' },
    );
    const taken = await read();
    expect(taken).toHaveLength(3);
    await add({ relation: 1, key: '["1"]', xid: '702' }, { relation: 1, key: '["2"]', xid: '703' });
    expect(await removePending(ledger, run.ref.run, source, taken)).toBe(3);
    expect(await removePending(ledger, run.ref.run, 'another', await read())).toBe(0);
    expect(await left()).toEqual([
      [1, '["1"]', '702'],
      [1, '["2"]', '703'],
    ]);
  });

  it('stay when somebody moved them since they were read: whoever applied them hears it', async () => {
    await add(...Array.from({ length: 50 }, (_, at) => ({ relation: 1, key: `["${100 + at}"]`, xid: null })));
    await removePending(ledger, run.ref.run, source, await read(10));
    const taken = await read(20);
    await run.target.query('vacuum full rowproof.pending');
    expect(await removePending(ledger, run.ref.run, source, taken)).toBe(0);
    expect(await left()).toHaveLength(40);
    expect(await removePending(ledger, run.ref.run, source, await read(20))).toBe(20);
    expect(await left()).toHaveLength(20);
  });
});

test('A round whose keys were moved under it is made again', async () => {
  const run = await openFollowedRun({ ...people, delta: { roundKeys: 100 } });
  try {
    await run.source.query(`update people set name = 'x'`);
    await run.round(100);
    for (let complete = false; !complete;) {
      const rounds = run.round(100);
      // between the look and the round: it waits for the apply lease's row, or finds a new file, or was quicker
      await run.target.query('vacuum full rowproof.pending');
      ({ complete } = await rounds);
    }
    const same = 'select id, name, email from people order by id';
    expect(await run.target.query(same)).toEqual(await run.source.query(same));
  } finally {
    await run.drop();
  }
});
