import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { fail } from '../errors/rowproof-error';

/** What a command remembers of a run in `rowproof/RUN/run.json` below the folder it was started in; names only, no secrets. */
const runRecord = z.object({
  run: z.string(),
  plan: z.string(),
  code: z.string(),
  ledger: z.string(),
  workflowId: z.string(),
  plansFolder: z.string().nullable(),
  /** The plan file, where it is known. */
  planFile: z.string().nullable().optional(),
  taskQueue: z.string(),
  startedAt: z.string(),
  /** Worker process that `run` started for it on this machine. */
  workerPid: z.number().nullable(),
});
export type RunRecord = z.infer<typeof runRecord>;

const folderName = 'rowproof';

export function runFolder(cwd: string, run: string): string {
  return join(cwd, folderName, run);
}

export function rememberRun(cwd: string, record: RunRecord): string {
  const folder = runFolder(cwd, record.run);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.json'), `${JSON.stringify(record, null, 2)}\n`);
  return folder;
}

export function knownHere(cwd: string, run: string): boolean {
  return listRecords(cwd).some((record) => record.run === run);
}

/** The record of RUN, or of the latest run started from this folder. RP4011 with the runs there are. */
export function recallRun(cwd: string, run: string | undefined): RunRecord {
  const records = listRecords(cwd);
  const found = run === undefined ? records[0] : records.find((record) => record.run === run);
  if (found !== undefined) return found;
  const known = records.map((record) => record.run).slice(0, 10);
  throw fail(
    'RP4011',
    run === undefined
      ? 'No run was started from this folder.'
      : `No run ${run} was started from this folder, and no workflow of that run is known to Temporal.`,
    {
      why:
        known.length === 0 ? `There is no ${folderName}/ folder with runs here.` : `Known here: ${known.join(', ')}.`,
      fix: 'Name a run, go to the folder where it was started, or name its plan with --plan FILE.',
    },
  );
}

export function listRecords(cwd: string): RunRecord[] {
  const folder = join(cwd, folderName);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((run) => join(folder, run, 'run.json'))
    .filter((file) => existsSync(file))
    .map((file) => ({ record: read(file), time: statSync(file).mtimeMs }))
    .flatMap(({ record, time }) => (record === null ? [] : [{ record, time }]))
    .sort((a, b) => b.time - a.time)
    .map(({ record }) => record);
}

function read(file: string): RunRecord | null {
  try {
    return runRecord.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}
