import type { CompiledPlan } from '../contract/compiled';
import { fail } from '../errors/rowproof-error';

type Json = Readonly<Record<string, unknown>>;

/** What was compiled in format n becomes format n + 1 by the step at n - 1. Append only: runs of older versions are in ledgers. */
export const forwardSteps: readonly ((compiled: Json) => Json)[] = [];

/** What a run compiled, in the format of this version. RP4020 where a newer one compiled it. */
export function bringForward(compiled: Json, steps = forwardSteps): CompiledPlan {
  const format = Number(compiled['format'] ?? 1);
  const newest = steps.length + 1;
  if (format > newest)
    throw fail('RP4020', `The run was compiled in format ${format}; this rowproof knows up to ${newest}.`);
  const brought = steps.slice(format - 1).reduce((one, step) => step(one), compiled);
  return { ...brought, format: newest } as unknown as CompiledPlan;
}
