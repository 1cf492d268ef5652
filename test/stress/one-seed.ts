import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createWorkbench } from '../support/workbench';
import type { TestTemporal } from '../support/temporal';
import { compareProbeRows } from './probe-rows';
import { chanceFrom, type Chance } from './chance';
import { chooseMoments, momentOf, type Moment } from './moments';
import { changeSource, changeTarget } from './ddl';
import { createNemesis, type Nemesis, type Victims } from './nemesis';
import { compareHistories, compareSides, connected, firstModels, leftBehind } from './oracle';
import { ambushes, engineWeights, openEngineMode } from './engine-mode';
import { fly, type Flight } from './pilot';
import { startProbe } from './probe';
import type { Scenario } from './scenario';
import { openPlace, type Place, type Servers } from './servers';
import { firstRows, planText, sourceSchema, targetSchema } from './world';
import { whatHangs } from './stuck';
import { startWriter, type Writer } from './writer';

export interface SeedOptions {
  readonly seed: number;
  readonly capture: 'triggers' | 'logical' | 'none';
  readonly fault: string | null;
  /** What is done on purpose, so that a broken rule shows; null: anything by chance. */
  readonly scenario: Scenario | null;
  readonly patienceMs: number;
  readonly clients: number;
  readonly scale: number;
  /** Keys of one round at most. */
  readonly roundKeys: number;
  /** Deeds of the nemesis at most. */
  readonly strikes: number;
  /** Folder that takes the log of every seed, and the workers' where it did not go well. */
  readonly keep: string;
}

export interface SeedResult {
  readonly seed: number;
  readonly outcome: Flight['outcome'];
  readonly differences: readonly string[];
  readonly transactions: number;
  readonly unknown: number;
  readonly disturbances: readonly string[];
  readonly seconds: number;
  readonly longestWaitMs: number;
  readonly sentence: string;
}

const settings = (roundKeys: number, maxFreeze: string): string => `  capture: { lock_timeout: 200ms, lock_budget: 60s }
  delta: { round_keys: ${roundKeys}, pause_between: 100ms }
  cutover: { max_freeze: ${maxFreeze}, max_lag: 20s, lock_timeout: 300ms, lock_budget: 20s }
`;

/** How long a freeze may last. A scenario is about its rule and a full seed about what breaks, on however busy a machine. */
function patienceOfWriters({ scenario }: SeedOptions, full: boolean): string {
  if (scenario !== null) return '60s';
  return full ? '30s' : '8s';
}

/** A whole migration under a workload and a nemesis, then the comparison. Without Temporal: the activities alone, in processes of their own. */
export async function runSeed(
  servers: Servers,
  temporal: TestTemporal | null,
  options: SeedOptions,
): Promise<SeedResult> {
  const began = performance.now();
  const chance = chanceFrom(options.seed, options.capture);
  const place = await openPlace(servers, `stress_${options.seed}_${process.pid}`, {
    source: sourceSchema,
    target: targetSchema,
    rows: firstRows(options.clients, options.scale),
  });
  const plan = planText({
    capture: options.capture,
    settings: settings(options.roundKeys, patienceOfWriters(options, temporal !== null)),
    batchRows: temporal === null ? 1_000 : 500,
  });
  const mode =
    temporal === null ? openApplyLeases(place, plan, options, chance) : openFull(place, plan, options, temporal);
  process.once('exit', mode.abandon);
  const numbers = Array.from({ length: options.clients }, (_, index) => index + 1);
  const models = await firstModels(place.admin.source, numbers);
  let leisure = options.scenario === null;
  let resting = false;
  const writers = numbers.map((client) =>
    startWriter({
      url: place.shop.source,
      client,
      chance: chance.fork(`client ${client}`),
      model: models.get(client) ?? new Map(),
      backoffMs: options.scenario !== null ? 300 : temporal === null ? 120 : 250,
      leisure: () => leisure,
      resting: () => resting,
    }),
  );
  const probe = startProbe(place.shop);
  const nemesis = createNemesis({
    chance: chance.fork('nemesis'),
    database: place.name,
    servers,
    temporal,
    ...mode.victims,
  });
  // without Temporal it strikes whenever it likes, else in moments of the run
  if (options.scenario === null && temporal === null) nemesis.haunt(options.strikes);
  const hush = async (): Promise<void> => {
    for (const writer of writers) writer.stop();
    await Promise.all(writers.map((writer) => writer.ended));
  };
  const pilot = chance.fork('pilot');
  const flight = await mode.fly({
    pilot,
    nemesis,
    hurry: () => {
      leisure = options.scenario === null && pilot.in(0.2);
    },
    rest: () => {
      resting = true;
    },
    goOn: () => {
      resting = false;
    },
    hush,
  });
  await nemesis.rest();
  const differences: string[] = [];
  if (flight.outcome === 'complete') differences.push(...(await evaluate(place, writers)));
  await hush();
  if (flight.outcome === 'refuted') {
    differences.push(...(await compareProbeRows(place)), `The run's own proof: ${flight.sentence}`);
    differences.push(...(await compareSides(place.admin.source, place.admin.target)));
  }
  differences.push(...(await probe.stop()));
  for (const writer of writers)
    for (const [what, n] of writer.strange) differences.push(`A writer got ${n} times: ${what}`);
  const result: SeedResult = {
    seed: options.seed,
    outcome: flight.outcome,
    differences,
    transactions: writers.reduce((sum, { history }) => sum + history.length, 0),
    unknown: writers.reduce((sum, { history }) => sum + history.filter(({ wasUnknown }) => wasUnknown).length, 0),
    disturbances: nemesis.disturbances,
    seconds: (performance.now() - began) / 1_000,
    longestWaitMs: Math.max(...writers.map((writer) => writer.longest())),
    sentence: flight.sentence,
  };
  keepLogs(options, result, flight, mode.logFile);
  if (differences.length > 0 || flight.outcome !== 'complete') {
    process.stderr.write(`  log of seed ${options.seed}: ${keptIn(options)}
`);
  }
  process.off('exit', mode.abandon);
  await mode.close();
  if (process.env['STRESS_KEEP_DATABASES'] !== '1') await place.drop();
  return result;
}

interface Flying {
  readonly pilot: Chance;
  readonly nemesis: Nemesis;
  readonly hurry: () => void;
  readonly rest: () => void;
  readonly goOn: () => void;
  readonly hush: () => Promise<void>;
}

/** How activities come to be done: by workers of Temporal, or by processes that do nothing else. */
interface Mode {
  readonly logFile: string;
  readonly victims: Pick<Victims, 'workers' | 'another' | 'ambushes' | 'longPauses' | 'weights'>;
  readonly abandon: () => void;
  fly(flying: Flying): Promise<Flight>;
  close(): Promise<void>;
}

function openFull(place: Place, text: string, options: SeedOptions, temporal: TestTemporal): Mode {
  const ddl = chanceFrom(options.seed, 'ddl');
  const bench = createWorkbench(temporal, {
    STRESS_SOURCE_URL: place.mover.source,
    STRESS_TARGET_URL: place.mover.target,
  });
  const plan = bench.write('stress.yaml', text);
  const startWorker = (): void => void bench.worker('--log-level', 'info');
  startWorker();
  startWorker();
  return {
    logFile: bench.workerLog,
    victims: {
      workers: bench.workers,
      another: startWorker,
      ambushes: {
        'DDL on source': () => changeSource(place, ddl),
        'DDL on target': () => changeTarget(place, ddl, false),
      },
      longPauses: true,
      // nothing tells of a source that is frozen first, and read once
      weights: options.capture === 'none' ? { 'DDL on source': 0 } : {},
    },
    abandon: () => bench.workers().forEach(({ child }) => child.kill('SIGKILL')),
    fly: async ({ pilot, nemesis, hurry }) => {
      const strike = (moment: Moment): Promise<void> => nemesis.strike(undefined, moment);
      const moments = chooseMoments(pilot.fork('moments'), options.strikes, options.capture === 'none', strike);
      const flight = await fly({
        bench,
        address: temporal.address,
        namespace: temporal.namespace,
        plan,
        chance: pilot,
        patienceMs: options.patienceMs,
        followMs: pilot.int(500, 4_000),
        drills: pilot.in(0.3) ? 1 : 0,
        approving: () => {
          hurry();
          moments.reached('approved');
        },
        seen: (status) => moments.reached(momentOf(status)),
        whatHangs: (client) => whatHangs(client, bench.taskQueue, place),
      });
      await moments.rest();
      return flight;
    },
    close: () => bench.close(),
  };
}

function openApplyLeases(place: Place, plan: string, options: SeedOptions, chance: Chance): Mode {
  const leases = openEngineMode(place, plan, options, chance.fork('engine'));
  return {
    logFile: leases.logFile,
    victims: {
      workers: leases.processes.hands,
      another: leases.processes.another,
      ambushes: ambushes(place, leases.processes, chance.fork('ambush')),
      longPauses: false,
      weights: engineWeights,
    },
    abandon: () => leases.processes.hands().forEach(({ child }) => child.kill('SIGKILL')),
    fly: ({ pilot, ...flying }) =>
      leases.fly({
        chance: pilot,
        patienceMs: options.patienceMs,
        strikes: options.strikes,
        ...flying,
      }),
    close: leases.close,
  };
}

/** What must hold once the run says that the target is open. */
async function evaluate(place: Place, writers: readonly Writer[]): Promise<string[]> {
  const found: string[] = [];
  // each writer has to run into the freeze by itself
  await Promise.race([Promise.all(writers.map(({ ended }) => ended)), sleep(20_000)]);
  for (const { client, frozen } of writers)
    if (frozen() === '') found.push(`Client ${client} still writes to the source.`);
  for (const writer of writers) writer.stop();
  await Promise.all(writers.map(({ ended }) => ended));
  const outOfScope = await leftBehind(place.admin.source);
  const compare = async (moment: string): Promise<void> => {
    const sides = await compareSides(place.admin.source, place.admin.target);
    const histories = await compareHistories(place.admin.target, writers, outOfScope);
    found.push(
      ...[...(await compareProbeRows(place)), ...sides, ...histories].map((difference) => `${moment}: ${difference}`),
    );
  };
  await compare('after the switch');
  // longer than a process that was stopped needs to do what it had begun
  await sleep(2_500);
  await compare('later');
  await connected(place.shop.target, async (client) => {
    await client.query(`update app.side set val = val where false`);
  }).catch((error: unknown) => found.push(`The open target refuses writes: ${String(error)}`));
  await connected(place.admin.source, async (client) => {
    await client.query(`set session_replication_role = replica; update public.side set val = val where false`);
    found.push('The frozen source takes writes.');
  }).catch(() => undefined);
  return found;
}

function keptIn({ keep, seed, capture, fault }: SeedOptions): string {
  return join(keep, [seed, capture, ...(fault === null ? [] : [fault])].join('-'));
}

function keepLogs(options: SeedOptions, result: SeedResult, flight: Flight, workerLog: string): void {
  const folder = keptIn(options);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'result.json'), JSON.stringify(result, null, 2));
  writeFileSync(join(folder, 'flight.log'), flight.log.join('\n'));
  // what a seed that went well said is not worth its room
  const well = result.outcome === 'complete' && result.differences.length === 0;
  if (!well && existsSync(workerLog)) copyFileSync(workerLog, join(folder, 'worker.log'));
}
