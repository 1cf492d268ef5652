import type { Column, Relation } from '../../contract/catalog';
import type { Json } from '../../contract/resolved-plan';
import { chooseCast } from '../../transform/cast/choose-cast';
import { familyOf } from '../../transform/cast/type-family';
import { nameSimilarity, wordsOf } from './name-similarity';

/** A way from a source column to a target column, with what people should look at. */
export interface Conversion {
  readonly steps: readonly Json[];
  readonly note: string | null;
}

/** Steps from one type to another; null when there is no way worth guessing. */
export function conversion(source: Column, target: Column): Conversion | null {
  const [from, to] = [familyOf(source.type), familyOf(target.type)];
  if (from === 'text' && (to === 'date' || to === 'timestamp'))
    return { steps: [{ parse_date: ['YYYY-MM-DD'] }], note: 'add every format that occurs' };
  if (from === 'text' && to === 'timestamptz')
    return {
      steps: [{ parse_date: ['YYYY-MM-DD HH24:MI:SS'] }, { at_zone: 'UTC' }],
      note: 'decide: the formats, and the zone of the old clock',
    };
  if ((from === 'timestamp' || from === 'date') && to === 'timestamptz')
    return { steps: [{ at_zone: 'UTC' }], note: 'decide: the zone of the old clock' };
  if (from === 'timestamptz' && (to === 'timestamp' || to === 'date'))
    return to === 'timestamp' ? { steps: [{ at_zone: 'UTC' }], note: 'decide: whose clock the target shows' } : null;
  if ((from === 'text' || from === 'integer') && to === 'boolean')
    return { steps: ['boolean'], note: 'decide: what counts as true' };
  if (from === 'boolean' && (to === 'integer' || to === 'numeric'))
    return { steps: [{ map: { true: '1', false: '0' } }], note: null };
  if (from === 'integer' && to === 'numeric' && /cent/i.test(source.name) && !/cent/i.test(target.name))
    return { steps: [{ scale: '-2' }], note: 'decide: cents to whole units' };
  if (to === 'enum' && (from === 'text' || from === 'integer' || from === 'boolean'))
    return from === 'text'
      ? {
          steps: ['trim'],
          note: `decide: add { map: … } unless the source spells ${(target.type.labels ?? []).join(', ')}`,
        }
      : null;
  if ('impossible' in chooseCast(source.type, target.type)) return null;
  return { steps: [], note: null };
}

export interface ColumnMatch {
  readonly source: Column;
  readonly target: Column;
  readonly conversion: Conversion;
  /** 0 to 1. */
  readonly score: number;
}

/** Pairs of columns by name and type, each column at most once, best pairs first. */
export function matchColumns(
  source: Relation,
  target: Relation,
  options: { taken?: ReadonlySet<string>; min?: number } = {},
): ColumnMatch[] {
  const context = [...wordsOf(source.name), ...wordsOf(target.name)];
  const pairs: ColumnMatch[] = [];
  for (const to of target.columns) {
    if (to.generated || options.taken?.has(to.name) === true) continue;
    for (const from of source.columns) {
      const name = from.name === to.name ? 1.05 : nameSimilarity(from.name, to.name, context);
      if (name < (options.min ?? 0.5)) continue;
      const way = conversion(from, to);
      if (way === null) continue;
      const same = familyOf(from.type) === familyOf(to.type) ? 0.05 : 0;
      pairs.push({ source: from, target: to, conversion: way, score: Math.min(1, name * 0.95 + same) });
    }
  }
  pairs.sort((a, b) => b.score - a.score || a.target.ordinal - b.target.ordinal || a.source.ordinal - b.source.ordinal);
  const [usedSource, usedTarget] = [new Set<string>(), new Set<string>()];
  return pairs
    .filter(({ source: from, target: to }) => {
      if (usedSource.has(from.name) || usedTarget.has(to.name)) return false;
      usedSource.add(from.name);
      usedTarget.add(to.name);
      return true;
    })
    .sort((a, b) => a.target.ordinal - b.target.ordinal);
}
