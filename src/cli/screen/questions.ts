import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import type { FindingSummary, RunStatus } from '../../contract/run';
import { cutoverOffers, type Terms } from '../../progress/cutover-offers';
import { expectedFreeze, existing } from '../../progress/follow-lines';
import { group } from './live-view';
import type { Terminal } from '../terminal';

/**
 * Asks the person at the terminal what the run waits for: numbered choices for a finding, or a typed gate and code.
 * `question` is the finding's id or the gate's name. Ctrl-C detaches through `stop`; `signal` takes the question back.
 */
export async function askPerson(
  terminal: Terminal,
  handle: WorkflowHandle,
  status: RunStatus,
  question: string,
  signal: AbortSignal,
  stop: AbortController,
): Promise<void> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  prompt.once('SIGINT', () => stop.abort());
  prompt.once('close', () => closed.abort());
  const given = AbortSignal.any([signal, closed.signal]);
  const ask = async (question: string): Promise<string> => (await prompt.question(question, { signal: given })).trim();
  try {
    const finding = status.undecided.find(({ id }) => id === question);
    if (finding !== undefined) await askFinding(terminal, handle, finding, ask);
    else await askGate(terminal, handle, status, question, ask);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    terminal.talk('');
  } finally {
    prompt.close();
  }
}

/** One line from the person at the terminal; empty when there is none. */
export async function askLine(question: string): Promise<string> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  prompt.once('SIGINT', () => closed.abort());
  prompt.once('close', () => closed.abort());
  try {
    return (await prompt.question(question, { signal: closed.signal })).trim();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    return '';
  } finally {
    prompt.close();
  }
}

type Ask = (question: string) => Promise<string>;

async function askFinding(
  terminal: Terminal,
  handle: WorkflowHandle,
  finding: FindingSummary,
  ask: Ask,
): Promise<void> {
  terminal.talk(`${finding.id}: ${finding.sentence}`);
  finding.choices.forEach((choice, at) => terminal.talk(`  ${at + 1}  ${describeChoice(choice, finding.rows)}`));
  for (;;) {
    const answer = await ask('Number, or Enter to leave it: ');
    const choice = finding.choices[Number(answer) - 1];
    if (answer !== '' && choice === undefined) {
      terminal.talk(`Type a number from 1 to ${finding.choices.length}.`);
      continue;
    }
    if (choice === undefined) return;
    const reason = await askReason(ask);
    const expect = { rows: finding.rows };
    const message = { finding: finding.id, do: choice, expect, by: userInfo().username, reason };
    if (await send(terminal, handle, 'decide', message)) return;
  }
}

async function askGate(
  terminal: Terminal,
  handle: WorkflowHandle,
  status: RunStatus,
  gate: string,
  ask: Ask,
): Promise<void> {
  const gates = (status.gates ?? []).length > 0 ? (status.gates ?? []) : [gate];
  terminal.talk(status.sentence);
  if (gate === 'cutover' && status.follow !== undefined && status.follow.freeze?.outcome !== 'frozen') {
    terminal.talk(`${existing(status)}\n${expectedFreeze(status.follow)}`);
  }
  for (;;) {
    const chosen = await ask(`Type ${gates.join(' or ')} to approve it, Enter to leave it: `);
    if (chosen === '') return;
    if (!gates.includes(chosen)) continue;
    const code = await ask(`Plan code (${status.code}): `);
    const terms = chosen === 'cutover' ? await askTerms(terminal, status, ask) : {};
    const reason = await askReason(ask);
    if (await send(terminal, handle, 'approve', { gate: chosen, code, ...terms, by: userInfo().username, reason }))
      return;
  }
}

/** Settings for this attempt, where the last one or a drill says that the plan's do not do. */
async function askTerms(terminal: Terminal, { follow }: RunStatus, ask: Ask): Promise<Terms> {
  const offers = cutoverOffers(follow);
  if (offers.length === 0) return {};
  offers.forEach(({ how, terms }, at) => {
    const settings = Object.entries(terms).map(([name, value]) => `${name} ${String(value)}`);
    terminal.talk(`  ${at + 1}  ${how} (${settings.join(', ')}), this attempt only`);
  });
  for (;;) {
    const answer = await ask('Number, or Enter for the settings of the plan: ');
    if (answer === '') return {};
    const offer = offers[Number(answer) - 1];
    if (offer !== undefined) return offer.terms;
    terminal.talk(`Type a number from 1 to ${offers.length}.`);
  }
}

async function askReason(ask: Ask): Promise<string> {
  for (;;) {
    const reason = await ask('Because: ');
    if (reason !== '') return reason;
  }
}

function describeChoice(choice: string, rows: number): string {
  const many = rows === 1 ? 'the row' : `these ${group(rows)} rows`;
  switch (choice) {
    case 'quarantine':
      return `quarantine    keep ${many} in quarantine, with the reason`;
    case 'out_of_scope':
      return `out_of_scope  leave ${many} behind on purpose`;
    case 'accept':
      return `accept        migrate ${many} as they are`;
    case 'stop':
      return 'stop          stop the run';
    case 'fire':
      return 'fire          let the trigger fire for every row';
    case 'disable':
      return 'disable       disable the trigger until the copy is done';
    default:
      return choice;
  }
}

/** Says what came of the update; false when it was refused, so that the question can be put again. */
async function send(terminal: Terminal, handle: WorkflowHandle, update: string, message: unknown): Promise<boolean> {
  try {
    terminal.talk(await handle.executeUpdate<string, [unknown]>(update, { args: [message] }));
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    terminal.talk(error.cause instanceof Error ? error.cause.message : 'Refused.');
    return false;
  }
}
