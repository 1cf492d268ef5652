import type { CompiledMapping } from '../src/contract/compiled';
import type { KeyRange } from '../src/contract/key';
import type { RunRef } from '../src/contract/run';
import { bindStatement } from '../src/compile/bind-statement';
import type { MappingStatements } from '../src/contract/compiled';
import type { BatchName, Receipt } from '../src/postgres/ledger/batch';
import type { LoadedRun } from '../src/postgres/ledger/run';
import type { ClassOf } from '../src/copy/quarantined-row';
import type { Progress } from './copy-heartbeat';

/** One attempt at one batch, from the lease on. */
export interface CopyAttempt {
  readonly ref: RunRef;
  readonly run: LoadedRun;
  readonly mapping: CompiledMapping;
  readonly name: BatchName;
  readonly range: KeyRange;
  /** Random name of this attempt: what the fence compares. */
  readonly nonce: string;
  readonly classOf: ClassOf;
  readonly progress: Progress;
  readonly signal: AbortSignal | undefined;
}

/** What an attempt has to store when it commits; the receipt itself is complete only then. */
export type BatchOutcome = Receipt;

type RangedStatement = 'load' | 'expected' | 'staged' | 'rejected' | 'scopeCounts' | 'raw' | 'boundaries';

/** A statement over one range of source keys. What a run was restricted to is part of what it compiled. */
export function rangedStatement(
  mapping: CompiledMapping,
  statement: RangedStatement & keyof MappingStatements,
  range: KeyRange,
  rows?: number,
): string {
  return bindStatement(mapping.statements[statement], {
    range,
    key: mapping.key,
    ...(rows === undefined ? {} : { rows }),
  });
}

export function targetColumns(mapping: CompiledMapping): string[] {
  return mapping.columns.map((column) => column.target);
}
