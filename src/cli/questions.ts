import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { RunStatus } from '../contract/run';
import type { Terminal } from './terminal';

/** Asks the person at the terminal what the run waits for: numbered choices for findings, a typed code for gates. */
export async function askPerson(
  terminal: Terminal,
  handle: WorkflowHandle,
  status: RunStatus,
  signal: AbortSignal,
): Promise<void> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const [finding] = status.undecided;
    if (finding !== undefined) {
      terminal.talk(`${finding.id}: ${finding.sentence} (${finding.rows} rows)`);
      finding.choices.forEach((choice, at) => terminal.talk(`  ${at + 1}  ${choice}`));
      const number = Number(await prompt.question('Number, or Enter to leave it: ', { signal }));
      const choice = finding.choices[number - 1];
      if (choice === undefined) return;
      const reason = await prompt.question('Because: ', { signal });
      const message = {
        finding: finding.id,
        do: choice,
        expect: { rows: finding.rows, tolerance: 0 },
        by: userInfo().username,
        reason,
      };
      terminal.talk(await send(handle, 'decide', message));
      return;
    }
    if (status.gate === null) return;
    const gates = status.gate === 'rollback' ? ['rollback', 'retry', 'keep'] : [status.gate];
    terminal.talk(`${status.sentence} Choices: ${gates.join(', ')}.`);
    const gate = (
      await prompt.question(`Type ${gates.join(' or ')} to approve it, Enter to leave it: `, { signal })
    ).trim();
    if (!gates.includes(gate)) return;
    const code = (await prompt.question(`Plan code (${status.code}): `, { signal })).trim();
    const reason = await prompt.question('Because: ', { signal });
    terminal.talk(await send(handle, 'approve', { gate, code, by: userInfo().username, reason }));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
  } finally {
    prompt.close();
  }
}

async function send(handle: WorkflowHandle, update: string, message: unknown): Promise<string> {
  try {
    return await handle.executeUpdate<string, [unknown]>(update, { args: [message] });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message : 'refused';
  }
}
