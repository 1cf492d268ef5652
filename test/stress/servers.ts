import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterUrl, createCluster, startCluster, stopCluster } from '../../src/dev/cluster';
import { findPostgres } from '../../src/dev/find-postgres';
import { freePort } from '../../src/dev/free-port';
import { isAlive, stopServer } from '../../src/dev/server-process';
import { clusterOwner } from '../../src/dev/unprivileged-user';
import { connected } from './oracle';

/** A PostgreSQL of the stress test's own, which it restarts as it likes. */
export interface StressServer {
  /** Superuser url. */
  url(database?: string): string;
  /** fast: sessions are ended. immediate: as in a crash. The server is away for `awayMs`. */
  restart(mode: 'fast' | 'immediate', awayMs: number): Promise<void>;
  /** SIGKILL of the server itself, as when the machine goes; `start` brings it back on the same port. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Nothing is synced, which a crash of the machine would not survive; a crash of the server does: an acknowledged commit has been
 * handed to the operating system.
 */
const settings = {
  fsync: 'off',
  full_page_writes: 'off',
  log_min_messages: 'warning',
  max_connections: '120',
  max_replication_slots: '20',
  max_wal_senders: '10',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
};

export async function startStressServer(
  folder: string,
  extra: Readonly<Record<string, string>> = {},
): Promise<StressServer> {
  const owner = clusterOwner();
  const binaries = (await findPostgres(owner))[0];
  if (binaries === undefined) throw new Error('PostgreSQL is not installed here.');
  mkdirSync(folder, { recursive: true });
  const cluster = join(folder, 'cluster');
  await createCluster(cluster, binaries, owner, true);
  const port = await freePort();
  const start = () => startCluster({ folder: cluster, binaries, owner, port, settings: { ...settings, ...extra } });
  let server = await start();
  process.once('exit', () => {
    if (isAlive(server)) process.kill(server.pid, 'SIGQUIT');
  });
  return {
    url: (database = 'postgres') => clusterUrl(cluster, port, database),
    restart: async (mode, awayMs) => {
      await (mode === 'fast' ? stopCluster(server) : stopServer(server, ['SIGQUIT', 'SIGKILL']));
      await sleep(awayMs);
      server = await start();
    },
    kill: async () => {
      await stopServer(server, ['SIGKILL']);
    },
    start: async () => {
      // sessions of the killed server may still be ending: the server does not start beside them
      for (let tries = 1; ; tries += 1) {
        try {
          server = await start();
          return;
        } catch (error) {
          if (tries === 20) throw error;
          await sleep(500);
        }
      }
    },
    stop: async () => {
      await stopServer(server, ['SIGQUIT', 'SIGKILL']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The two databases of one run, with the roles that people have: the owner moves the rows, the application only writes. */
export interface Place {
  readonly name: string;
  /** Urls of the role that rowproof uses. */
  readonly mover: Readonly<Record<'source' | 'target', string>>;
  /** Urls of the application. */
  readonly shop: Readonly<Record<'source' | 'target', string>>;
  /** Superuser urls. */
  readonly admin: Readonly<Record<'source' | 'target', string>>;
  drop(): Promise<void>;
}

export interface Servers {
  readonly source: StressServer;
  readonly target: StressServer;
}

export async function openPlace(
  servers: Servers,
  name: string,
  schemas: { readonly source: string; readonly target: string; readonly rows: string },
): Promise<Place> {
  const side = async (which: 'source' | 'target', statements: readonly string[]) => {
    const server = servers[which];
    await connected(server.url(), async (client) => {
      await client.query(`do $$ begin
        if not exists (select from pg_roles where rolname = 'mover') then
          create role mover login replication password 'mover'; create role shop login password 'shop';
        end if;
      end $$`);
      await client.query(`create database ${name} owner mover template template0`);
    });
    await connected(as(server.url(name), 'mover'), async (client) => {
      for (const statement of statements) await client.query(statement);
    });
    return {
      mover: as(server.url(name), 'mover'),
      shop: as(server.url(name), 'shop'),
      admin: server.url(name),
    };
  };
  const grant = (schema: string): string =>
    `grant usage on schema ${schema} to shop; grant select, insert, update, delete, truncate on all tables in schema ${schema} to shop`;
  const source = await side('source', [
    `create schema if not exists public`,
    schemas.source,
    schemas.rows,
    grant('public'),
    'analyze',
  ]);
  const target = await side('target', [schemas.target, grant('app')]);
  return {
    name,
    mover: { source: source.mover, target: target.mover },
    shop: { source: source.shop, target: target.shop },
    admin: { source: source.admin, target: target.admin },
    drop: async () => {
      for (const which of ['source', 'target'] as const) {
        await connected(servers[which].url(name), (client) =>
          client.query(
            `select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database() and not active`,
          ),
        );
        await connected(servers[which].url(), async (client) => {
          await client.query(`drop database if exists ${name} with (force)`);
        });
      }
    },
  };
}

function as(url: string, role: string): string {
  const made = new URL(url);
  made.username = role;
  made.password = role;
  return made.toString();
}
