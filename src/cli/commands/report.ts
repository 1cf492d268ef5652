import { locateRun } from '../locate-run';
import { writeRunReport } from '../run-report';
import type { CommandResult, Terminal } from '../terminal';

/** Writes the report of a run again and says where; with --output json prints the JSON twin. */
export async function report(
  terminal: Terminal,
  run: string | undefined,
  options: { plan?: string },
): Promise<CommandResult> {
  const record = await locateRun(terminal, run, options);
  const written = await writeRunReport(terminal, record);
  return { data: written.document, text: `${written.html}\n${written.json}` };
}
