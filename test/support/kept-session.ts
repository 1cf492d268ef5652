import { Client } from 'pg';

/** As pg has it, and its types do not. */
type Releasable = Client & { ref(): void; unref(): void };

/** Sessions on one url. Between statements one of them is kept for a moment: most of what a new one costs is its beginning. */
export interface KeptSession {
  /** One statement or several, in a session that is as a new one. Statements at the same time have a session each. */
  run<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Ends the one that is kept. */
  end(): Promise<void>;
}

const keptMs = 1_000;

export function keepSession(url: string): KeptSession {
  let kept: Releasable | null = null;
  let timer: NodeJS.Timeout | undefined;
  const take = (): Releasable | null => {
    const client = kept;
    kept = null;
    clearTimeout(timer);
    client?.ref();
    return client;
  };
  const end = async (): Promise<void> => {
    await take()?.end();
  };
  const keep = async (client: Releasable): Promise<void> => {
    // refused where a transaction was left open: that session ends as its transaction would have
    const clean = await client.query('discard all').then(
      () => true,
      () => false,
    );
    if (!clean || kept !== null) return client.end();
    kept = client;
    // neither the session nor the wait for its end holds a process
    client.unref();
    timer = setTimeout(() => void end(), keptMs);
    timer.unref();
  };
  const connect = async (): Promise<Releasable> => {
    const client = new Client({ connectionString: url }) as Releasable;
    const forget = (): void => {
      if (kept === client) kept = null;
    };
    client.on('error', forget).on('end', forget);
    await client.connect();
    return client;
  };
  return {
    run: async (work) => {
      const client = take() ?? (await connect());
      try {
        return await work(client);
      } finally {
        await keep(client);
      }
    },
    end,
  };
}
