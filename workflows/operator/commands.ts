import type { z } from 'zod';
import type { Command, CommandName } from '../../src/contract/command';
import { drillMessage } from '../../src/contract/delta';
import { abortMessage, approveMessage, decideMessage, pauseMessage, resolveMessage } from '../../src/contract/run';
import { parseInput } from '../runtime/input';
import * as messages from './messages';

/** Every command with what it takes, as the Temporal UI shows it. */
export const commandUpdates = [
  {
    name: 'approve',
    update: messages.approveUpdate,
    description:
      'Approve the gate the run waits at: {"gate","code","by","reason"}; the cutover also with "max_freeze" and "books"',
  },
  {
    name: 'decide',
    update: messages.decideUpdate,
    description: 'Decide a finding: {"finding","do","by","reason"}, optionally "expect":{"rows","tolerance"}',
  },
  {
    name: 'resolve',
    update: messages.resolveUpdate,
    description:
      'Resolve a blocked batch: {"what":"orders:91" or "*","do":"retry" or "quarantine","by","reason"}; a stopped capture: {"what":"capture","do":"resync",…}',
  },
  {
    name: 'drill',
    update: messages.drillUpdate,
    description:
      'Everything of the cutover up to its commit, then writers are let go: {"by","reason"}, optionally "max_freeze" and "books"',
  },
  {
    name: 'abort',
    update: messages.abortUpdate,
    description: 'Stop the run and then ask, roll back or keep: {"by","reason"}, optionally "then"',
  },
  { name: 'pause', update: messages.pauseUpdate, description: 'Start no further batch: {"by","reason"}' },
  { name: 'resume', update: messages.resumeUpdate, description: 'Go on after pause: {"by","reason"}' },
] as const;

/** The command of a name, or a failure that says what its JSON lacks. */
export function parseCommand(name: CommandName, raw: unknown, { code }: { readonly code: string }): Command {
  const signed = { by: 'you', reason: 'why' };
  const parse = <T>(schema: z.ZodType<T>, example: object): T =>
    parseInput(schema, raw, name, { ...example, ...signed });
  switch (name) {
    case 'approve':
      return { name, message: parse(approveMessage, { gate: 'copy', code }) };
    case 'decide':
      return { name, message: parse(decideMessage, { finding: 'orders.customer_id.orphan', do: 'quarantine' }) };
    case 'resolve':
      return { name, message: parse(resolveMessage, { what: 'orders:91', do: 'retry' }) };
    case 'drill':
      return { name, message: parse(drillMessage, {}) };
    case 'abort':
      return { name, message: parse(abortMessage, {}) };
    case 'pause':
    case 'resume':
      return { name, message: parse(pauseMessage, {}) };
  }
}
