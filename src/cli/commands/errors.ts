import { catalogue, type ErrorCode } from '../../errors/catalogue';
import { fail } from '../../errors/rowproof-error';
import type { CommandResult } from '../terminal';

/** The error catalogue, or one entry of it. */
export function errors(code: string | undefined): CommandResult {
  if (code === undefined) {
    const entries = Object.entries(catalogue);
    return {
      data: Object.fromEntries(entries),
      text: entries.map(([id, entry]) => `${id}  ${entry.title}`).join('\n'),
    };
  }
  const id = code.toUpperCase();
  if (!(id in catalogue))
    throw fail('RP9001', `There is no error code ${code}.`, { fix: 'List them all with `rowproof errors`.' });
  const entry = catalogue[id as ErrorCode];
  return {
    data: { code: id, ...entry },
    text: `${id}  ${entry.title}\n  why   ${entry.why}\n  fix   ${entry.fix}\n  exit  ${entry.exit}`,
  };
}
