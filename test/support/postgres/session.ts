import { resolveConnection } from '../../../src/postgres/connection-spec';
import type { Session, SessionOptions } from '../../../src/postgres/session';
import { openSession } from '../../../src/postgres/session';

/** A session on a url of a test database, as activities get one. */
export async function sessionOn(url: string, options: Partial<SessionOptions> = {}): Promise<Session> {
  const spec = {
    url: '${TEST_URL}',
    urlFile: null,
    passwordFile: null,
    envPrefix: null,
    tls: { mode: null, caFile: null, certFile: null, keyFile: null },
  };
  return openSession(await resolveConnection(spec, { TEST_URL: url }), {
    applicationName: 'rowproof test',
    ...options,
  });
}
