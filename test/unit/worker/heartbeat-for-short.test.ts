import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { heartbeatForShort } from '../../../src/worker/heartbeat-for-short';

type Work = (heartbeats: () => number) => Promise<unknown>;

/** Runs `work` as an activity of these limits; answers how often its worker beat. */
async function heartbeatsOf(limits: { startToCloseTimeoutMs: number; heartbeatTimeoutMs?: number }, work: Work) {
  const environment = new MockActivityEnvironment(limits);
  let heartbeats = 0;
  environment.on('heartbeat', () => (heartbeats += 1));
  await environment.run(async () => {
    const { execute } = heartbeatForShort(Context.current());
    await execute?.({ args: [], headers: {} }, () => work(() => heartbeats));
  });
  return heartbeats;
}

const untilThird: Work = async (heartbeats) => {
  while (heartbeats() < 3) await sleep(5);
};

test('The worker beats for a short activity for as long as it goes on', async () => {
  await expect(
    heartbeatsOf({ startToCloseTimeoutMs: 120_000, heartbeatTimeoutMs: 40 }, untilThird),
  ).resolves.toBeGreaterThanOrEqual(3);
});

test('The worker leaves the heartbeat of a long activity alone, whose details a retry goes on from', async () => {
  await expect(
    heartbeatsOf({ startToCloseTimeoutMs: 3_600_000, heartbeatTimeoutMs: 40 }, () => sleep(150)),
  ).resolves.toBe(0);
});

test('The worker does not beat for an activity whose silence nobody counts', async () => {
  await expect(heartbeatsOf({ startToCloseTimeoutMs: 10_000 }, () => sleep(50))).resolves.toBe(0);
});
