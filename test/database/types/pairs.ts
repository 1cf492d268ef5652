import type { Family } from './families';

/** How a type stands in the column of one side. */
interface Setting {
  readonly name: string;
  /** Statements that the type needs there, and its name. */
  readonly make: (type: string, id: string) => { readonly before: string; readonly type: string };
  /** A value of the type as text of this. */
  readonly wrap: (text: string, type: string) => string;
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
const alone: Setting = { name: 'alone', make: (type) => ({ before: '', type }), wrap: (text) => text };
const array: Setting = {
  name: 'in an array',
  make: (type) => ({ before: '', type: `${type}[]` }),
  // boxes are full of commas
  wrap: (text, type) => `{${quoted(text)}${type === 'box' ? ';' : ','}NULL}`,
};
const domain: Setting = {
  name: 'in a domain',
  make: (type, id) => ({ before: `create domain d${id} as ${type}`, type: `d${id}` }),
  wrap: (text) => text,
};
const nested: Setting = {
  name: 'in a domain over a domain with a check',
  make: (type, id) => ({
    before: `create domain e${id} as ${type}; create domain n${id} as e${id} check (value is not null or true)`,
    type: `n${id}`,
  }),
  wrap: (text) => text,
};
const composite: Setting = {
  name: 'in a composite',
  make: (type, id) => ({ before: `create type c${id} as (a ${type}, b text)`, type: `c${id}` }),
  wrap: (text) => `(${quoted(text)},z)`,
};
const domains: Setting = {
  name: 'in an array of domains',
  make: (type, id) => ({ before: `create domain a${id} as ${type}`, type: `a${id}[]` }),
  wrap: (text) => `{${quoted(text)}}`,
};
const deep: Setting = {
  name: 'in an array of composites over domains',
  make: (type, id) => ({
    before: `create domain x${id} as ${type}; create type y${id} as (k int, v x${id})`,
    type: `y${id}[]`,
  }),
  wrap: (text) => `{${quoted(`(1,${quoted(text)})`)}}`,
};
const range: Setting = {
  name: 'in a range over a domain',
  make: (type, id) => ({
    before: `create domain s${id} as ${type}; create type r${id} as range (subtype = s${id})`,
    type: `r${id}`,
  }),
  wrap: (text) => `[${quoted(text)},)`,
};

/** Settings by that of the source, and those that a text is read into. */
export interface Settings {
  readonly typed: readonly (readonly [Setting, Setting])[];
  readonly texts: readonly Setting[];
  /** Ranges over domains of numeric, too. */
  readonly ranges?: true;
}

/** Every way in which a type may be inside another; where the source holds the bare type, the target may have it in a domain. */
export const everywhere: Settings = {
  typed: [
    [alone, alone],
    [alone, domain],
    [domain, alone],
    [alone, nested],
    [array, array],
    [array, domains],
    [composite, composite],
    [deep, deep],
  ],
  texts: [alone, domain, array, composite, deep],
  ranges: true,
};

/** For types that take no modifier. */
export const shallow: Settings = {
  typed: [
    [alone, alone],
    [alone, domain],
    [array, array],
    [composite, composite],
  ],
  texts: [alone, array],
};

/** Only a column as such becomes one of another type. */
export const columnsAlone: Settings = {
  typed: [
    [alone, alone],
    [alone, domain],
    [domain, alone],
  ],
  texts: [],
};

interface Made {
  readonly before: string;
  readonly type: string;
}

/** One column of the walk. */
export interface Pair {
  readonly title: string;
  readonly column: string;
  /** The types themselves, whatever they are in. */
  readonly from: string;
  readonly to: string;
  readonly source: Made;
  readonly target: Made;
  readonly values: readonly string[];
  /** Type that the source value is read by: the target's without modifiers, in the setting of the source. */
  readonly read: Made;
  /** Type by which what is stored must read as the source value again; null: the same type, or one that drops a part. */
  readonly back: string | null;
  /** The source value is given by its cast to text, as another type gets it, not as it prints. */
  readonly cast: boolean;
}

const bare = (type: string): string =>
  type
    .replace(/^char\(.*/, 'bpchar')
    .replace(/^bit\(.*/, 'varbit')
    .replace(/^interval .*/, 'interval')
    .replace(/\(.*\)/, '');

/** A column for each family, target and setting. */
export function pairsOf(given: readonly (readonly [readonly Family[], Settings])[]): Pair[] {
  const pairs: Pair[] = [];
  const add = (
    family: Family,
    title: string,
    source: Made,
    [target, type]: [Setting, string],
    values: readonly string[],
  ): void => {
    const id = String(pairs.length);
    const { crossing } = family;
    const read = crossing?.by === 'value' ? `${bare(family.source)}::${bare(type)}` : bare(type);
    pairs.push({
      title,
      column: `p${id}`,
      from: family.source,
      to: type,
      source,
      target: target.make(type, id),
      // a domain would carry its modifier along; everything else keeps its setting
      read: (target === domain || target === nested ? alone : target === domains ? array : target).make(
        read,
        `read${id}`,
      ),
      values: values.map((text) => target.wrap(text, type)),
      back: crossing === undefined || crossing.drops === true ? null : bare(family.source),
      cast: crossing !== undefined,
    });
  };
  for (const [families, settings] of given)
    for (const family of families) {
      const { source, values, targets, texts, crossing } = family;
      for (const type of targets) {
        for (const [from, to] of settings.typed) {
          if (from !== alone && crossing === undefined && !isInside(source, type)) continue;
          const made = from.make(source, `s${pairs.length}`);
          add(family, `${source} ${from.name} to ${type} ${to.name}`, made, [to, type], values);
        }
        if (settings.ranges === true && source === 'numeric' && type !== 'numeric')
          add(
            family,
            `a range of ${source} to a range over a domain of ${type}`,
            range.make('numeric', `s${pairs.length}`),
            [range, type],
            values.filter((text) => text !== 'NaN'),
          );
        for (const to of settings.texts)
          if (texts !== undefined && isReadable(type, to))
            add(family, `text to ${type} ${to.name}`, { before: '', type: 'text' }, [to, type], texts);
      }
    }
  return pairs;
}

/** Inside other types only values of one type are read as another. */
function isInside(source: string, type: string): boolean {
  // the blanks at the end of a char(n) are no part of it, but a part of what an array of them prints
  if (source.startsWith('char') && type.startsWith('varchar')) return false;
  const same = (name: string): string => bare(name).replace('varchar', 'text').replace('bpchar', 'text');
  return same(source) === same(type);
}

/** What depends on the session is refused in the plan. */
function isReadable(type: string, setting: Setting): boolean {
  if (setting === alone || setting === domain) return true;
  return !/^(time|date)/.test(type) || /^time(\(|$)/.test(type);
}
