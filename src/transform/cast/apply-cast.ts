import type { ApplyCast } from './cast';
import { castRule } from './cast-rules';

/** The TypeScript twin of `castToSql`: from the text of the source value to the target's canonical text. NULL stays NULL. */
export const applyCast: ApplyCast = (spec, input) =>
  input === null ? { value: null } : castRule(spec.kind).apply(input, spec);
