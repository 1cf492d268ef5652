import { bindStatement } from '../../../compile/statements/bind-statement';
import type { CompiledMapping } from '../../../contract/compiled';
import { keyParts } from '../../../contract/key';
import type { RunRef } from '../../../contract/run';
import { needsProvenance } from '../../../delta/needs-provenance';
import { createTargetKeys } from '../../../delta/target-keys';
import type { Difference } from '../../../postgres/ledger/proof/proof';
import { quarantineByKeys } from '../../../postgres/ledger/proof/proof-quarantine';
import { touchedKeys } from '../../../postgres/ledger/proof/proof-touched';
import type { LoadedRun } from '../../../postgres/ledger/run/run';
import { rowsByKeys } from '../../../postgres/queries/proof/rows';
import { mayRaise } from '../../../profile/raising';
import { badClasses } from '../../../validate/row';
import { suspectsKept, type Suspect } from '../../../validate/tally';
import type { TouchedSessions } from './touched-sessions';
import { createComparison, differencesOf, explained } from '../compare-rows';
import { compareKeys } from '../confirm-differences';
import { type ProofHost } from '../proof-host';
import { sha256 } from '../../run/digests';

export interface TouchedWork {
  readonly host: ProofHost;
  readonly ref: RunRef;
  readonly run: LoadedRun;
  readonly mapping: CompiledMapping;
  readonly pool: TouchedSessions;
  readonly readers: number;
  /** Keys of later rounds than this one. */
  readonly since: number;
}

export interface TouchedFindings {
  readonly mapping: string;
  readonly keys: number;
  readonly broken: number;
  readonly differences: readonly Difference[];
}

const keysAtOnce = 4_000;

/** Compares what touched keys of one mapping show on both sides. */
export async function compareTouched(work: TouchedWork): Promise<TouchedFindings> {
  const { run, mapping, pool, readers, since } = work;
  const found = new Findings(run, mapping);
  try {
    const lists = await pool.lists();
    const left = await foundAgain(work, found);
    const batches = touchedKeys(lists, run.run, mapping.name, 'source', since, keysAtOnce);
    const next = serialized(batches);
    await Promise.all(Array.from({ length: readers }, (_, reader) => readBatches(work, reader, next, left, found)));
    // a key that left the target, stands in it again, and that no row of those that changed gave back
    for (const key of left) found.add({ class: 'extraneous', sourceKey: null, targetKey: textParts(key), columns: [] });
  } catch (error) {
    throw explained(mapping, error);
  }
  return found.result();
}

/** Target keys that left the target and are there now. */
async function foundAgain({ run, mapping, pool, since }: TouchedWork, found: Findings): Promise<Set<string>> {
  const lists = await pool.lists();
  const { target } = await pool.sides(0, mapping);
  const stored = bindStatement(mapping.statements.actualByKey, { large: '' });
  const existing = new Set<string>();
  for await (const keys of touchedKeys(lists, run.run, mapping.name, 'target', since, keysAtOnce)) {
    found.keys += keys.length;
    for (const [key] of await rowsByKeys(target, stored, keys)) existing.add(key as string);
  }
  return existing;
}

async function readBatches(
  { host, ref, run, mapping, pool }: TouchedWork,
  reader: number,
  next: () => Promise<readonly string[] | null>,
  left: Set<string>,
  found: Findings,
): Promise<void> {
  let keys = await next();
  if (keys === null) return;
  const sides = await pool.sides(reader, mapping);
  const quarantine = quarantineByKeys(sides.lookup, run.run, mapping.name);
  const progress = { rows: 0, bytes: 0 };
  const comparison = createComparison({ host, ref, run, mapping, refused: [], progress }, sides, quarantine);
  // where the key says at which place its row would stand, that place is looked at whatever the ledger says
  const targetKeyOf = needsProvenance(mapping)
    ? () => null
    : createTargetKeys(mapping, { encoding: mapping.encoding, sha256 });
  for (; keys !== null; keys = await next()) {
    host.signal?.()?.throwIfAborted();
    found.keys += keys.length;
    let except: string[] = [];
    if (mayRaise(mapping)) {
      const entries = await quarantine.find(keys);
      except = keys.filter((key) => (entries.get(key)?.sqlstate ?? null) !== null);
    }
    const places = keys.map(targetKeyOf).filter((key) => key !== null);
    const { tally, expected } = await compareKeys(comparison, keys, places, except);
    // each place counts once
    for (const key of [...expected, ...places]) left.delete(key);
    for (const suspect of tally.suspects) found.add(suspect);
    // beyond what a tally keeps, rows are counted only
    found.broken += badClasses.reduce((sum, name) => sum + tally.counts[name], 0) - tally.suspects.length;
  }
}

/** Hands out what a generator yields to several who ask, one after the other; null at its end. */
function serialized<T>(items: AsyncGenerator<T>): () => Promise<T | null> {
  return async () => {
    const { value, done } = await items.next();
    return done === true ? null : (value as T);
  };
}

function textParts(key: string): string[] {
  return keyParts(key) as string[];
}

/** Counts every difference and keeps the first ones. */
class Findings {
  keys = 0;
  broken = 0;
  private readonly differences: Difference[] = [];

  constructor(
    private readonly run: LoadedRun,
    private readonly mapping: CompiledMapping,
  ) {}

  add(suspect: Suspect): void {
    this.broken += 1;
    if (this.differences.length < suspectsKept)
      this.differences.push(...differencesOf(this.run, this.mapping, suspect));
  }

  result(): TouchedFindings {
    return { mapping: this.mapping.name, keys: this.keys, broken: this.broken, differences: this.differences };
  }
}
