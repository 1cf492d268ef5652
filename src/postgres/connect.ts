import type { ConnectionOptions } from 'node:tls';
import { Client } from 'pg';
import type { ResolvedConnection, TlsMode } from './connection-spec';
import { connectFailure, isHostRuleRefusal, isTlsNotOffered, tlsRequired } from './connect-failure';

/** Connects one client: no type parsers, keepalives, an `error` listener. Raises RP30xx without secrets. */
export async function connect(connection: ResolvedConnection, applicationName: string): Promise<Client> {
  const { mode } = connection.tls;
  const unixSocket = connection.host.startsWith('/');
  const plain = unixSocket || mode === 'disable';
  try {
    return await attempt(connection, applicationName, plain ? null : mode);
  } catch (error) {
    if (!plain && mode === 'prefer' && (isTlsNotOffered(error) || isHostRuleRefusal(error))) {
      try {
        return await attempt(connection, applicationName, null);
      } catch (second) {
        // as libpq: what the encrypted attempt said is the better message, unless there was no encryption to have
        throw connectFailure(isTlsNotOffered(error) ? second : error, connection);
      }
    }
    if (plain && !unixSocket && isHostRuleRefusal(error) && (await wouldTakeTls(connection, applicationName))) {
      throw tlsRequired(connection);
    }
    throw connectFailure(error, connection);
  }
}

async function attempt(connection: ResolvedConnection, applicationName: string, mode: TlsMode | null): Promise<Client> {
  const client = new Client({
    host: connection.host,
    port: connection.port,
    database: connection.database,
    user: connection.user,
    // a function, so that pg neither falls back to PGPASSWORD of another connection nor keeps the value in its config
    password: () => connection.password() as string,
    ssl: mode === null ? false : tlsOptions(connection, mode),
    application_name: applicationName,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: connection.connectTimeoutMs,
    types: { getTypeParser: () => (value: unknown) => value },
  } as ConstructorParameters<typeof Client>[0]);
  // without a listener the loss of an idle session ends the process; the next statement reports it anyway
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    void client.end().catch(() => undefined);
    throw error;
  }
}

function tlsOptions(connection: ResolvedConnection, mode: TlsMode): ConnectionOptions {
  const { ca, cert, key } = connection.tls;
  return {
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
  };
}

/** After a refusal of an unencrypted connection: would the server have taken the same one encrypted? */
async function wouldTakeTls(connection: ResolvedConnection, applicationName: string): Promise<boolean> {
  try {
    await (await attempt(connection, applicationName, 'require')).end();
    return true;
  } catch (error) {
    return !isTlsNotOffered(error) && !isHostRuleRefusal(error);
  }
}
