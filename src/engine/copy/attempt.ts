import type { CompiledMapping } from '../../contract/compiled';
import type { KeyRange } from '../../contract/key';
import type { RunRef } from '../../contract/run';
import { bindStatement } from '../../compile/statements/bind-statement';
import type { MappingStatements } from '../../contract/compiled';
import type { BatchName, Receipt } from '../../postgres/ledger/batch';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { ClassOf } from '../../copy/quarantined-row';
import type { Progress } from '../heartbeat';

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
