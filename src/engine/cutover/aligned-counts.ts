import { bindStatement } from '../../compile/statements/bind-statement';
import type { CompiledMapping } from '../../contract/compiled';
import { needsProvenance } from '../../delta/needs-provenance';
import { createTargetKeys } from '../../delta/target-keys';
import { touchedKeys } from '../../postgres/ledger/proof/proof-touched';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { provenanceOf } from '../../postgres/queries/follow/round';
import { countRows, countScope, rowsByKeys } from '../../postgres/queries/proof/rows';
import type { Session } from '../../postgres/session';
import { qualified } from '../../sql/quote';
import type { MappingFacts } from '../../validate/reconciliation';
import type { SourceWorks } from './source-sessions';
import { AlignedView } from '../proof/live/live-view';
import type { Host } from '../host';
import { sha256 } from '../run/digests';
import { sourceStatement } from '../run/source-statement';

/** Both sides of a table, each counted by itself. */
export type Counted = Pick<MappingFacts, 'source'> & { readonly targetRows: number };

/** Full counts of every table at two snapshots that belong together, and what they come to under the barrier. */
export interface AlignedCounts {
  /** The counts then, with what the keys that rounds touched since added and took away on each side. */
  now(mapping: CompiledMapping, source: Session, target: Session): Promise<Counted>;
  end(): Promise<void>;
}

const keysAtOnce = 4_000;

/** Counts at an alignment while writers go on; its snapshots stay open until `end`, so that each touched key can be looked at as it was. */
export async function countsAligned(host: Host, { ref, run, heartbeat }: SourceWorks): Promise<AlignedCounts> {
  const view = await AlignedView.open({ ...host, plansFolder: null }, ref, run, 'count both sides');
  const counted = new Map<string, Counted>();
  try {
    for (const mapping of run.compiled.mappings) {
      heartbeat();
      const statement = sourceStatement(run, mapping, mapping.statements.scopeCounts);
      const [source, targetRows] = await Promise.all([
        countScope(view.source(mapping.source), statement),
        countRows(view.target, qualified(mapping.target)),
      ]);
      counted.set(mapping.name, { source, targetRows });
    }
  } catch (error) {
    await view.close();
    throw error;
  }
  return {
    end: () => view.close(),
    async now(mapping, source, target) {
      const then = counted.get(mapping.name) as Counted;
      let { total, outOfScope } = then.source;
      for await (const only of touchedKeys(target, run.run, mapping.name, 'source', view.round, keysAtOnce)) {
        const statement = sourceStatement(run, mapping, mapping.statements.scopeCounts, { only });
        const [is, was] = [
          await countScope(source, statement),
          await countScope(view.source(mapping.source), statement),
        ];
        total += is.total - was.total;
        outOfScope += is.outOfScope - was.outOfScope;
      }
      let { targetRows } = then;
      const places = await targetKeys(run, mapping, view, target);
      for (let at = 0; at < places.length; at += keysAtOnce) {
        const keys = places.slice(at, at + keysAtOnce);
        const sql = bindStatement(mapping.statements.actualByKey, { large: '' });
        targetRows += (await rowsByKeys(target, sql, keys)).length - (await rowsByKeys(view.target, sql, keys)).length;
      }
      return { source: { total, outOfScope }, targetRows };
    },
  };
}

/** Every place of the target at which a row may have come or gone since the alignment, each once. */
async function targetKeys(
  run: LoadedRun,
  mapping: CompiledMapping,
  view: AlignedView,
  target: Session,
): Promise<string[]> {
  const found = new Set<string>();
  const compute = needsProvenance(mapping) ? null : createTargetKeys(mapping, { encoding: mapping.encoding, sha256 });
  for await (const keys of touchedKeys(target, run.run, mapping.name, 'source', view.round, keysAtOnce)) {
    if (compute === null) {
      for (const session of [view.lookup, target])
        for (const key of (await provenanceOf(session, run.run, mapping.name, keys)).values()) found.add(key);
    } else {
      for (const key of keys) {
        const place = compute(key);
        if (place !== null) found.add(place);
      }
    }
  }
  for await (const keys of touchedKeys(target, run.run, mapping.name, 'target', view.round, keysAtOnce))
    for (const key of keys) found.add(key);
  return [...found];
}
