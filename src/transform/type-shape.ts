import type { TypeShape } from '../contract/catalog';

/** Questions about what a type is made of. */

/** The types at the ends: of an array its element, of a composite its fields. */
export function leavesOf(shape: TypeShape): TypeShape[] {
  const parts = [...(shape.element === null ? [] : [shape.element]), ...shape.fields.map((field) => field.type)];
  return parts.length === 0 ? [shape] : parts.flatMap(leavesOf);
}

/** True where nothing in it is a domain or has a modifier, so that a value is read and stored as the same. */
export function isBare(shape: TypeShape): boolean {
  if (shape.domain || shape.typmod >= 0) return false;
  return (shape.element === null || isBare(shape.element)) && shape.fields.every((field) => isBare(field.type));
}

/** Types that read each other's text as the same value, wherever they can read it. */
const alike: readonly ReadonlySet<string>[] = [
  new Set(['text', 'character varying', 'bpchar']),
  new Set(['smallint', 'integer', 'bigint', 'numeric']),
  new Set(['bit', '"bit"', 'bit varying']),
];

/** Whether the text of a value of `source` means the same value to `target`, wherever the target can read it. */
export function isReadAlike(source: TypeShape, target: TypeShape): boolean {
  if (source.kind !== target.kind) return source.kind === 'enum' && isText(target);
  if (source.kind === 'enum') return true;
  if (source.kind === 'base') {
    return source.name === target.name || alike.some((names) => names.has(source.name) && names.has(target.name));
  }
  if (source.element !== null && target.element !== null) {
    // the ends of a range mean other values in another type
    const range = source.kind !== 'array' && source.element.name !== target.element.name;
    return !range && isReadAlike(source.element, target.element);
  }
  return (
    source.fields.length === target.fields.length &&
    source.fields.every((field, at) => {
      const other = target.fields[at] as TypeShape['fields'][number];
      return field.name === other.name && isReadAlike(field.type, other.type);
    })
  );
}

function isText(shape: TypeShape): boolean {
  return shape.kind === 'base' && alike[0]?.has(shape.name) === true;
}

/** True when every value of `source` is stored by `target` with the same text. */
export function hasRoomFor(target: TypeShape, source: TypeShape): boolean {
  if (source.kind !== target.kind) return false;
  if (source.kind === 'enum') return source.labels.every((label) => target.labels.includes(label));
  if (source.kind === 'base') return source.name === target.name && roomy(source, target);
  if (source.element !== null && target.element !== null) return hasRoomFor(target.element, source.element);
  return (
    source.fields.length === target.fields.length &&
    source.fields.every((field, at) => hasRoomFor((target.fields[at] as TypeShape['fields'][number]).type, field.type))
  );
}

/** Modifiers that only count something, so that more of it is room. */
const counting = new Set(['character varying', 'bit varying']);

function roomy(source: TypeShape, target: TypeShape): boolean {
  if (source.typmod === target.typmod) return true;
  if (target.typmod < 0) return source.name !== 'bpchar';
  return counting.has(target.name) && source.typmod >= 0 && source.typmod <= target.typmod;
}

/** Types of which a value that is stored with a modifier may print otherwise and be the same: 1.5 and 1.50, `a` and `a `. */
const looselyPrinted = new Set(['numeric', 'bpchar']);

export function printsLoosely(shape: TypeShape): boolean {
  return leavesOf(shape).some(({ kind, name }) => kind === 'base' && looselyPrinted.has(name));
}

/** Types that refuse what does not fit a modifier instead of rounding or cutting it. */
const strict = new Set(['bit', '"bit"', 'bit varying']);

/** True when storing a value may round or cut it without an error. */
export function altersSilently(shape: TypeShape): boolean {
  return leavesOf(shape).some(({ name, typmod }) => typmod >= 0 && !strict.has(name));
}

/** The name of the type without modifiers and domains, and the statements that create what it needs, in pg_temp. */
export function bareType(shape: TypeShape): { readonly name: string; readonly types: readonly string[] } {
  if (shape.kind === 'base' || shape.kind === 'enum') return { name: shape.name, types: [] };
  if (shape.kind === 'array') {
    const element = bareType(shape.element as TypeShape);
    return { name: `${element.name}[]`, types: element.types };
  }
  if (isBare({ ...shape, domain: false })) return { name: shape.name, types: [] };
  if (shape.kind === 'composite') {
    const fields = shape.fields.map((field) => bareType(field.type));
    const list = fields.map(({ name }, at) => `f${at} ${name}`).join(', ');
    return created(
      list,
      (name) => `create type ${name} as (${list})`,
      fields.flatMap(({ types }) => types),
    );
  }
  const range = shape.kind === 'multirange' ? (shape.element as TypeShape) : shape;
  if (isBare({ ...range, domain: false })) return { name: shape.name, types: [] };
  const subtype = bareType(range.element as TypeShape);
  const made = created(
    `range ${subtype.name}`,
    (name) => `create type ${name} as range (subtype = ${subtype.name})`,
    subtype.types,
  );
  return shape.kind === 'range' ? made : { ...made, name: made.name.replace(/_range$/, '_multirange') };
}

/** A type with a name that follows from what it is, created where it is not there. */
function created(
  what: string,
  create: (name: string) => string,
  before: readonly string[],
): { name: string; types: string[] } {
  const suffix = what.startsWith('range ') ? 'range' : 'row';
  const name = `pg_temp.rowproof_${hash(what)}_${suffix}`;
  const make = `do $rowproof$ begin if to_regtype('${name}') is null then ${create(name)}; end if; end $rowproof$`;
  return { name, types: [...before, make] };
}

/** FNV-1a over the text, as 16 hex digits. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (const character of text)
    value = BigInt.asUintN(64, (value ^ BigInt(character.codePointAt(0) ?? 0)) * 0x100000001b3n);
  return value.toString(16).padStart(16, '0');
}
