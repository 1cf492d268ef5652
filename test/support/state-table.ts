import type { CommandResult } from './command';
import { openFolder } from './open-folder';
import { printedCommands, refusalOf, lasting, runPrinted } from './printed/printed-commands';
import type { TinyPlace } from './tiny-places';
import type { Workbench } from './workbench';

/** States × commands: what every command comes to in a state, and that what it prints is not refused there. */

export const signed = ['--by', 'ben', '--reason', 'because'];
export const elsewhere = (): string => openFolder('rowproof-elsewhere-');

/** Every command of a run, as somebody may send it who does not know the state; those that would change it are left out by `except`. */
function allCommands(place: TinyPlace, code: string): Record<string, string[]> {
  const { run } = place;
  return {
    status: ['status', run],
    report: ['report', run],
    quarantine: ['quarantine', run],
    decide: ['decide', 'd.nothing.orphan', 'quarantine', ...signed, '--run', run],
    resolve: ['resolve', 'd:99', 'retry', ...signed, '--run', run],
    'approve copy': ['approve', 'copy', '--code', code, ...signed, '--run', run],
    'approve switch': ['approve', 'switch', '--code', code, ...signed, '--run', run],
    'approve retry': ['approve', 'retry', '--code', code, ...signed, '--run', run],
    'approve rollback': ['approve', 'rollback', '--code', code, ...signed, '--run', run],
    cutover: ['cutover', run, '--code', code, ...signed],
    drill: ['cutover', run, '--drill', ...signed],
    pause: ['pause', run, ...signed],
    resume: ['resume', run, ...signed],
    abort: ['abort', run, '--then', 'keep', ...signed],
    rollback: ['rollback', run, ...signed],
    finish: ['finish', run],
    'finish --release-freeze': ['finish', run, '--release-freeze'],
    run: ['run', run],
    'run PLAN': ['run', place.file],
    watch: ['watch', run],
  };
}

/** Exit codes by command: 0 what is taken, null what goes on until it is stopped, 4, 5, 6 what is refused, 7 what waits for a person. */
export type Row = Record<string, number | null>;

/** Commands and what they print, on a bench. */
export interface StateTable {
  meets(place: TinyPlace, row: Row, taken?: readonly string[]): Promise<void>;
  follow(result: CommandResult, begins: string): Promise<CommandResult>;
}

export function stateTable(bench: Workbench): StateTable {
  return {
    meets: (place, row, taken) => meets(bench, place, row, taken),
    follow: (result, begins) => follow(bench, result, begins),
  };
}

/** A command that goes on until it is stopped has a process of its own, which ends it once it was taken. */
function send(bench: Workbench, words: readonly string[]): Promise<CommandResult> {
  return lasting.has(words[0] ?? '')
    ? runPrinted(words, { cwd: bench.folder, env: bench.env })
    : bench.rowproof(...words);
}

/** Runs the commands that a row names, then what they print; commands that are `taken` are left to the test that sees them work. */
async function meets(bench: Workbench, place: TinyPlace, row: Row, taken: readonly string[] = []): Promise<void> {
  const commands = allCommands(place, await codeInLedger(place));
  const seen: Row = {};
  const said: string[] = [];
  const printed = new Map<string, string[]>();
  const meet = async (name: string): Promise<void> => {
    const result = await send(bench, commands[name] as string[]);
    seen[name] = result.code;
    if (result.code !== row[name]) said.push(`${name}: ${result.stderr}${result.stdout}`);
    for (const words of printedBy(result)) printed.set(words.join(' '), words);
  };
  const alone = ['pause', 'resume'].filter((name) => name in row);
  const others = Object.keys(row).filter((name) => !alone.includes(name));
  for (const group of chunks(others, 3)) await Promise.all(group.map(meet));
  for (const name of alone) await meet(name);
  expect([seen, said]).toEqual([row, []]);
  const untried = [...printed.values()].filter(
    (words) => !taken.some((one) => words.join(' ').startsWith(one)) && !isTried(words, row, commands),
  );
  const refused: (string | null)[] = [];
  for (const group of chunks(untried, 3)) {
    const run = async (words: string[]): Promise<string | null> =>
      refusalOf(words, await runPrinted(words, { cwd: elsewhere(), env: bench.env }));
    refused.push(...(await Promise.all(group.map(run))));
  }
  expect(refused.filter((one) => one !== null)).toEqual([]);
}

/** Runs the command that a screen prints and that begins so; fails when none does. */
async function follow(bench: Workbench, result: CommandResult, begins: string): Promise<CommandResult> {
  const words = printedBy(result).find((one) => one.join(' ').startsWith(begins));
  expect([begins, words?.slice(0, 1), `${result.stdout}${result.stderr}`]).toEqual([
    begins,
    begins.split(' ').slice(0, 1),
    expect.any(String),
  ]);
  const came = await runPrinted(words as string[], { cwd: elsewhere(), env: bench.env });
  expect(refusalOf(words as string[], came)).toBeNull();
  return came;
}

/** A command that the row itself has run, apart from who signs it. */
function isTried(words: readonly string[], row: Row, commands: Record<string, string[]>): boolean {
  const bare = (all: readonly string[]): string =>
    JSON.stringify(
      all.filter(
        (word, at) => !['--by', '--reason'].includes(word) && !['--by', '--reason'].includes(all[at - 1] ?? ''),
      ),
    );
  return Object.entries(commands).some(
    ([name, one]) => bare(one) === bare(words) && [0, 7, null].includes(row[name] ?? -1),
  );
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

async function codeInLedger({ target, run }: TinyPlace): Promise<string> {
  const rows = await target
    .query<{ digest: string }>('select digest from rowproof.run where run = $1', [run])
    .catch(() => []);
  const digest = rows[0]?.digest ?? '0000000000';
  return `${digest.slice(0, 4)}-${digest.slice(4, 8)}`;
}

export const printedBy = ({ stdout, stderr }: CommandResult): string[][] => printedCommands(`${stdout}\n${stderr}`);

export const looks: Row = { status: 0, report: 0, quarantine: 0 };
export const refusedWhileOpen: Row = {
  decide: 4,
  resolve: 4,
  'approve switch': 4,
  'approve retry': 4,
  'approve rollback': 4,
  cutover: 4,
  drill: 4,
  rollback: 4,
  finish: 4,
  'finish --release-freeze': 4,
  run: 4,
  'run PLAN': 4,
};
/** Where others see all of them refused. */
export const someRefusedAfterEnd: Row = { decide: 4, 'approve retry': 4, cutover: 4, abort: 4 };
export const refusedAfterEnd: Row = {
  decide: 4,
  resolve: 4,
  'approve copy': 4,
  cutover: 4,
  drill: 4,
  pause: 4,
  resume: 4,
  abort: 4,
};

export function omit(row: Row, ...names: string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}
