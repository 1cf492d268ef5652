import type { QualifiedName } from '../../contract/catalog';

/** One part of a name: text, and whether `*` in it stands for any text (never inside double quotes). */
interface Part {
  readonly text: string;
  readonly quoted: boolean;
}

function parts(text: string): Part[] | null {
  const result: Part[] = [];
  let rest = text;
  for (;;) {
    const match = /^(?:"((?:[^"]|"")+)"|([^".]+))/.exec(rest);
    if (match === null) return null;
    result.push(
      match[1] === undefined
        ? { text: match[2] as string, quoted: false }
        : { text: match[1].replaceAll('""', '"'), quoted: true },
    );
    rest = rest.slice(match[0].length);
    if (rest === '') return result;
    if (!rest.startsWith('.')) return null;
    rest = rest.slice(1);
  }
}

/** `schema.table`, each part as spelled in the database or in double quotes; null when it is not of that form. */
export function parseQualifiedName(text: string): QualifiedName | null {
  const found = parts(text);
  const [schema, name] = found ?? [];
  if (found?.length !== 2 || schema === undefined || name === undefined) return null;
  return { schema: schema.text, name: name.text };
}

/** The spelling that `parseQualifiedName` reads back; parts are quoted only where needed. */
export function writeQualifiedName(relation: QualifiedName): string {
  const write = (part: string): string => (/^[^".*]+$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`);
  return `${write(relation.schema)}.${write(relation.name)}`;
}

export function sameName(a: QualifiedName, b: QualifiedName): boolean {
  return a.schema === b.schema && a.name === b.name;
}

/** A pattern over qualified names: the parts between the stars, per part of the name. */
export interface NamePattern {
  readonly schema: readonly string[];
  readonly name: readonly string[];
}

export function isPattern(text: string): boolean {
  return (parts(text) ?? []).some((part) => !part.quoted && part.text.includes('*'));
}

export function parsePattern(text: string): NamePattern | null {
  const found = parts(text);
  const [schema, name] = found ?? [];
  if (found?.length !== 2 || schema === undefined || name === undefined) return null;
  const split = (part: Part): string[] => (part.quoted ? [part.text] : part.text.split('*'));
  return { schema: split(schema), name: split(name) };
}

export function starsIn(pattern: NamePattern): number {
  return pattern.schema.length - 1 + pattern.name.length - 1;
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function capture(pieces: readonly string[], text: string): string[] | null {
  const match = new RegExp(`^${pieces.map(escape).join('(.+)')}$`, 'su').exec(text);
  return match === null ? null : match.slice(1);
}

/** What the stars stand for in `relation`, null when the pattern does not match. A star stands for one character or more. */
export function matchPattern(pattern: NamePattern, relation: QualifiedName): string[] | null {
  const schema = capture(pattern.schema, relation.schema);
  const name = capture(pattern.name, relation.name);
  return schema === null || name === null ? null : [...schema, ...name];
}

/** The name that a pattern becomes with its stars replaced, in order. */
export function fillPattern(pattern: NamePattern, stars: readonly string[]): QualifiedName {
  let next = 0;
  const fill = (pieces: readonly string[]): string =>
    pieces.reduce((filled, piece) => `${filled}${stars[next++] ?? ''}${piece}`);
  return { schema: fill(pattern.schema), name: fill(pattern.name) };
}
