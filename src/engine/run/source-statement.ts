import { bindStatement } from '../../compile/statements/bind-statement';
import { withSample } from '../../compile/with-sample';
import type { CompiledMapping } from '../../contract/compiled';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { restrictKeys } from '../../validate/restrict-keys';

export interface ProofBinding {
  readonly slice?: { readonly index: number; readonly of: number };
  /** Only these source keys. */
  readonly only?: readonly string[];
  /** All but these source keys. */
  readonly except?: readonly string[];
  /** Large values by their digest. */
  readonly large?: string;
}

/** A source statement of the mapping, restricted to the sample of the run when it has one. */
export function sourceStatement(
  run: LoadedRun,
  mapping: CompiledMapping,
  sql: string,
  binding: ProofBinding & Pick<Parameters<typeof bindStatement>[1] & object, 'range' | 'rows'> = {},
): string {
  const restricted = restrictKeys(mapping, sql, binding);
  const sampled = run.options.sample === undefined ? restricted : withSample(restricted, run.options.sample);
  return bindStatement(sampled, {
    key: mapping.key,
    ...(binding.slice === undefined ? {} : { slice: binding.slice }),
    ...(binding.large === undefined ? {} : { large: binding.large }),
    ...(binding.range === undefined ? {} : { range: binding.range }),
    ...(binding.rows === undefined ? {} : { rows: binding.rows }),
  });
}
