import { randomBytes } from 'node:crypto';
import { waitingWriters } from '../../../src/postgres/queries/cutover/barrier';
import { createDatabase } from '../../support/postgres/postgres';
import { sessionOn } from '../../support/postgres/session';
import { Clients, until } from './cutover-fixture';

it('those who wait for a barrier are those of its database: a clone has tables of the same oids', async () => {
  const original = await createDatabase({ prefix: 'waiting' });
  const clone = `waiting_${randomBytes(5).toString('hex')}`;
  const clients = new Clients();
  try {
    await original.query('create table item (id int)');
    await original.query(`create database ${clone} template ${original.name}`);
    const url = new URL(original.url);
    url.pathname = `/${clone}`;
    const session = await sessionOn(original.url);
    const waiting = (): Promise<{ sessions: number; longestMs: number }> =>
      waitingWriters(session, [{ schema: 'public', name: 'item' }]);
    const writeBehindLock = async (place: string): Promise<void> => {
      await (await clients.open(place)).query('begin; lock table item in share row exclusive mode');
      const writer = await clients.open(place);
      writer.query('insert into item values (1)').catch(() => undefined);
      await until(async () => {
        const database = new URL(place).pathname.slice(1);
        const found = await original.query(
          `select from pg_locks l join pg_database d on d.oid = l.database where d.datname = $1 and not l.granted`,
          [database],
        );
        return found.length === 1;
      });
    };
    await writeBehindLock(url.toString());
    expect(await waiting()).toEqual({ sessions: 0, longestMs: 0 });
    await writeBehindLock(original.url);
    expect(await waiting()).toMatchObject({ sessions: 1 });
    await session.close();
  } finally {
    await clients.end();
    await original.query(`drop database if exists ${clone} with (force)`);
    await original.drop();
  }
});
