import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError, type QueryResult } from 'pg';
import type { Chance } from './chance';
import { apply, type Entry, type Model, type Write } from './history';
import { operate, type Transaction } from './operations';

/** An application: one connection that writes until the source is frozen or it is told to stop. */
export interface Writer {
  readonly client: number;
  readonly model: Model;
  readonly history: Entry[];
  /** Errors that no application of ours should ever see, with how often. */
  readonly strange: Map<string, number>;
  /** The longest wait for one statement, milliseconds. */
  longest(): number;
  /** What the source said when it refused to be written; empty before. */
  frozen(): string;
  /** Resolves when it has ended; every outcome is known then. */
  readonly ended: Promise<void>;
  stop(): void;
}

export interface WriterOptions {
  readonly url: string;
  readonly client: number;
  readonly chance: Chance;
  readonly model: Model;
  /** Rest between transactions, milliseconds at most. */
  readonly backoffMs: number;
  /** False while no transaction may stay prepared or open for long. */
  readonly leisure: () => boolean;
  /** True while nothing is to be written. */
  readonly resting: () => boolean;
}

class Lost extends Error {}

const expectedInside = /^(23|40|55P03|57|22)/;

/** What SERIALIZABLE transactions do to each other shows at whatever statement is the next, also inside a trigger that reads nothing. */
const anywhere = /read\/write dependencies among transactions/;

/** read_only_sql_transaction, with which the freeze refuses. */
const frozenState = '25006';

export function startWriter(options: WriterOptions): Writer {
  const { client, chance, model } = options;
  const history: Entry[] = [];
  const strange = new Map<string, number>();
  const state = { stopped: false, frozen: '', longest: 0, fresh: 10_000, txn: 0 };
  let connection: Client | null = null;
  let backend: { pid: string; started: string } | null = null;

  const connect = async (): Promise<Client> => {
    for (;;) {
      const made = new Client({ connectionString: options.url, application_name: `shop ${client}` });
      made.on('error', () => undefined);
      try {
        await made.connect();
        const who = await made.query<{ pid: string; started: string }>(
          `select pid::text, backend_start::text as started from pg_stat_activity where pid = pg_backend_pid()`,
        );
        backend = who.rows[0] ?? null;
        return made;
      } catch {
        await made.end().catch(() => undefined);
        await sleep(50);
      }
    }
  };

  const send = async (sql: string, values: readonly unknown[] = []): Promise<QueryResult<Record<string, string>>> => {
    connection ??= await connect();
    const began = performance.now();
    try {
      return await connection.query<Record<string, string>>(sql, [...values]);
    } catch (error) {
      if (error instanceof DatabaseError && !/^(57P0|08)/.test(error.code ?? '')) {
        // nothing that comes from being captured, whatever its class; only the freeze may refuse
        const ours = /rowproof/i.test(`${error.message} ${error.where ?? ''}`) && !anywhere.test(error.message);
        if (ours && error.code === frozenState) state.frozen ||= error.message;
        else if (ours || !expectedInside.test(error.code ?? '')) count(`${error.code} ${error.message}`);
        throw error;
      }
      const lost = connection;
      connection = null;
      await lost.end().catch(() => undefined);
      throw new Lost(String(error));
    } finally {
      state.longest = Math.max(state.longest, performance.now() - began);
    }
  };
  const query: Transaction['query'] = async (sql, values) => (await send(sql, values)).rows;
  const count = (what: string): void => void strange.set(what, (strange.get(what) ?? 0) + 1);

  /** After a lost connection: what is true once the old backend has gone. */
  const lookUp = async (txn: number, gid: string | null): Promise<boolean> => {
    const old = backend;
    for (;;) {
      try {
        const busy = await query(
          `select pid from pg_stat_activity where pid = $1 and backend_start = $2::timestamptz and pid <> pg_backend_pid()`,
          [old?.pid ?? 0, old?.started ?? 'epoch'],
        );
        if (busy.length > 0) {
          await sleep(20);
          continue;
        }
        if (gid !== null) {
          const left = await query(
            `select gid from pg_prepared_xacts where gid = $1 and database = current_database()`,
            [gid],
          );
          if (left.length > 0) {
            await query(`rollback prepared '${gid}'`);
            continue;
          }
        }
        return (
          (await query(`select 1 as there from public.journal where client = $1 and txn = $2`, [client, txn])).length >
          0
        );
      } catch (error) {
        if (!(error instanceof Lost) && !(error instanceof DatabaseError)) throw error;
        await sleep(20);
      }
    }
  };

  const one = async (): Promise<void> => {
    const txn = (state.txn += 1);
    const writes: Write[] = [];
    const began = performance.now();
    const gid = `stress-${client}-${txn}-${chance.int(1, 1e9)}`;
    const end = chance.weighted({ commit: 85, rollback: 6, prepare: 3, prepareAndRollBack: 2, late: 4 });
    const note = (outcome: Entry['outcome'], wasUnknown = false): void => {
      history.push({ client, txn, outcome, wasUnknown, ms: performance.now() - began });
      if (outcome === 'acknowledged') apply(model, writes);
    };
    let asked = false;
    try {
      const level = chance.weighted({ 'read committed': 6, 'repeatable read': 2, serializable: 2 });
      await query(`begin isolation level ${level}`);
      await query(`insert into public.journal values ($1, $2)`, [client, txn]);
      writes.push({ table: 'journal', key: `${client}/${txn}`, v: '0' });
      const t = { client, v: txn, chance, model, query, writes, fresh: () => (state.fresh += 1) };
      for (let left = chance.int(1, 4); left > 0; left -= 1) {
        if (!chance.in(0.25)) {
          await operate(t);
          continue;
        }
        const known = writes.length;
        await query(`savepoint s`);
        const failed = await operate(t).then(
          () => false,
          (error: unknown) => {
            if (error instanceof Lost || state.frozen !== '') throw error;
            return true;
          },
        );
        if (failed || chance.in(0.5)) {
          await query(`rollback to savepoint s`);
          writes.length = known;
        }
        await query(`release savepoint s`);
      }
      const leisurely = options.leisure();
      if (end === 'late' && leisurely) await sleep(chance.int(100, 1_500));
      if (end === 'rollback') {
        await query(`rollback`);
        return note('failed');
      }
      const prepared = leisurely && end.startsWith('prepare');
      asked = true;
      if (!prepared) {
        // node-postgres resolves a COMMIT of an aborted transaction: the tag tells
        return note((await send(`commit`)).command === 'COMMIT' ? 'acknowledged' : 'failed');
      }
      await query(`prepare transaction '${gid}'`);
      await sleep(chance.int(20, 800));
      await query(`${end === 'prepare' ? 'commit' : 'rollback'} prepared '${gid}'`);
      note(end === 'prepare' ? 'acknowledged' : 'failed');
    } catch (error) {
      if (error instanceof Lost) {
        if (!asked) return note('failed');
        return note((await lookUp(txn, gid)) ? 'acknowledged' : 'failed', true);
      }
      if (!(error instanceof DatabaseError)) throw error;
      note('failed');
      await query(`rollback`).catch(() => undefined);
    }
  };

  const run = async (): Promise<void> => {
    while (!state.stopped && state.frozen === '') {
      if (!options.resting()) await one();
      await sleep(chance.int(0, options.backoffMs));
    }
    await connection?.end().catch(() => undefined);
  };
  return {
    client,
    model,
    history,
    strange,
    longest: () => state.longest,
    frozen: () => state.frozen,
    ended: run(),
    stop: () => {
      state.stopped = true;
    },
  };
}
