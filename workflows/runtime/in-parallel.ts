import { condition } from '@temporalio/workflow';

/** Runs `work` for every item, at most `limit` at a time, in order of the items; the first failure fails it all. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const lease = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lease));
}

/** A counting semaphore whose waiters wake in workflow order. */
export function slots(limit: number): { take(): Promise<void>; give(): void; taken(): number } {
  let taken = 0;
  return {
    take: async () => {
      // several waiters may wake on the same change: each looks again before it takes
      while (taken >= limit) await condition(() => taken < limit);
      taken += 1;
    },
    give: () => {
      taken -= 1;
    },
    taken: () => taken,
  };
}
