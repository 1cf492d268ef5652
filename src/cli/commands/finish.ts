import { fail, RowproofError } from '../../errors/rowproof-error';
import { releaseFreeze } from '../../progress/commands';
import { locateRun, withLedger } from '../locate-run';
import { refuseOpen, waysOn } from '../refusals';
import type { RunRecord } from '../run-record';
import type { CommandResult, Terminal } from '../terminal';
import { connectTemporal } from '../temporal';
import { isLedgerNeeded } from '../../errors/error-kinds';

/** Removes what a run left behind (the freeze on its sources, the ledger) except the id map; after this there is no way back and no report. */
export async function finish(
  terminal: Terminal,
  run: string | undefined,
  options: { plan?: string; releaseFreeze?: boolean },
): Promise<CommandResult> {
  const record = await locateRun(terminal, run, options);
  await refuseWhileOpen(terminal, record);
  const { finishRun } = await import('../../engine/rollback/roll-back');
  const { frozenStill } = await import('../../postgres/ledger/run/step');
  const finished = await withLedger(terminal, record, 'finish', async (session, ref, databases) => {
    const frozen = await frozenStill(session, record.run);
    if (frozen.length > 0 && options.releaseFreeze !== true && !(await mayRelease(terminal, record.run, frozen)))
      return null;
    return withWays(finishRun({ databases }, ref, options.releaseFreeze === true), terminal, record);
  });
  if (finished === null)
    return { data: { run: record.run, finished: false }, text: `${record.run} is left as it is; the freeze stays.` };
  const { left, freed, needed } = finished;
  if (needed) {
    const ways = await waysOn(terminal, record);
    const writers =
      freed.length === 0
        ? `No source of ${record.run} is frozen.`
        : `Writers of ${freed.join(', ')} are free: they can write again, and only the run itself, once it goes on, copies their changes to the target.`;
    return {
      data: { run: record.run, finished: false, freed, left },
      text: `${writers} ${record.run} is not over and keeps its ledger.${ways === null ? '' : ` ${ways}`}`,
    };
  }
  const ledger =
    left.length === 0
      ? 'the ledger was removed from the target'
      : `its entries were removed from the ledger, which stays for ${left.join(', ')}`;
  return {
    data: { run: record.run, finished: true, freed, left },
    text: `${record.run} is finished: ${ledger}.${freed.length === 0 ? '' : ` ${freed.join(', ')} ${freed.length === 1 ? 'takes' : 'take'} writes again; nothing copies them to the target.`} Its id map stays in rowproof.id_map. It can no longer be rolled back.`,
  };
}

/** RP7003 with the commands that lead on. */
async function withWays<T>(work: Promise<T>, terminal: Terminal, record: RunRecord): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RowproofError) || !isLedgerNeeded(error)) throw error;
    const fix = await waysOn(terminal, record);
    throw fail('RP7003', error.problems[0]?.what ?? '', { ...(fix === null ? {} : { fix }), cause: error });
  }
}

/** Writers of the old database come back to life with it: asked for by name, or by an option of its own. */
async function mayRelease(terminal: Terminal, run: string, frozen: readonly string[]): Promise<boolean> {
  const what = `Finishing ${run} releases the freeze of ${frozen.join(', ')}`;
  if (!terminal.interactive)
    throw fail('RP7008', `${what}.`, {
      where: { object: run },
      fix: `When nobody uses the old database any more: \`${releaseFreeze(run)}\``,
    });
  terminal.talk(
    `${what}: anybody who still uses the old database writes there again, and nothing copies that to the target.`,
  );
  const { askLine } = await import('../screen/questions');
  return (await askLine(`Type ${run} to go on, or Enter to leave it: `)) === run;
}

async function refuseWhileOpen(terminal: Terminal, record: RunRecord): Promise<void> {
  let temporal;
  try {
    temporal = await connectTemporal(terminal, { start: false });
  } catch {
    return; // finishRun itself refuses a run that the ledger shows as active
  }
  try {
    await refuseOpen(temporal, record);
  } finally {
    await temporal.close();
  }
}
