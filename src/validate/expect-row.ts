import type { CompiledMapping } from '../contract/compiled';
import type { CastOutcome } from '../transform/cast/cast';
import type { QuarantineEntry } from './quarantine-agreement';
import { quarantineAgrees } from './quarantine-agreement';

/** What the other implementation makes of one source row. */
export interface RecomputedRow {
  readonly values: readonly CastOutcome[];
  /** Indexes into the reasons of the mapping. */
  readonly reasons: readonly number[];
}

/** What the proof expects of one source row. `server`: places whose canonical text only the target's server can spell. */
type Expectation =
  | { readonly kind: 'row'; readonly values: (string | null)[]; readonly server: readonly number[] | null }
  | { readonly kind: 'decided' }
  | { readonly kind: 'misplaced'; readonly columns: readonly number[] }
  | { readonly kind: 'unknown'; readonly columns: readonly number[] };

export type ExpectRow = (recomputed: RecomputedRow | null, entry: QuarantineEntry | undefined) => Expectation;

/**
 * Decides for each source row of a mapping whether it must stand in the target, must stay behind, or stands in the wrong
 * place. `recomputed` is null when recomputation raised; `entry` is the row's place in quarantine, if it has one.
 */
export function createExpectRow(mapping: CompiledMapping): ExpectRow {
  const own = mapping.reasons.filter((reason) => reason.sqlstate === undefined);
  const findings = new Map(own.map((reason) => [reason.index, reason.finding]));
  const places = new Map(mapping.columns.map((column, place) => [column.target, place]));
  const reasonPlaces = new Map(own.map((reason) => [reason.index, places.get(reason.column)]));
  const known = new Set(findings.values());
  const columnsOf = (reasons: readonly number[]): number[] =>
    [...new Set(reasons.map((index) => reasonPlaces.get(index)).filter((place) => place !== undefined))].sort(
      (a, b) => a - b,
    );
  return (recomputed, entry) => {
    if (recomputed === null) return entry === undefined ? { kind: 'unknown', columns: [] } : { kind: 'decided' };
    const { reasons, values } = recomputed;
    if (entry !== undefined) {
      const own = [...new Set(reasons.map((index) => findings.get(index) ?? ''))];
      return quarantineAgrees(entry, own, known)
        ? { kind: 'decided' }
        : { kind: 'misplaced', columns: columnsOf(reasons) };
    }
    if (reasons.length > 0) return { kind: 'misplaced', columns: columnsOf(reasons) };
    return expectedValues(values);
  };
}

function expectedValues(outcomes: readonly CastOutcome[]): Expectation {
  const values: (string | null)[] = [];
  let server: number[] | null = null;
  for (let place = 0; place < outcomes.length; place += 1) {
    const outcome = outcomes[place] as CastOutcome;
    if ('value' in outcome) values.push(outcome.value);
    else if ('server' in outcome) {
      values.push(outcome.server);
      (server ??= []).push(place);
    } else return { kind: 'unknown', columns: [place] };
  }
  return { kind: 'row', values, server };
}
