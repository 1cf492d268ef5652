import { plain, presentBut } from '../sql-text';
import { characterCountSql } from '../untranslatable';
import type { CastRule } from './cast-rule';
import { asText, surely } from './cast-rule';
import { literal } from '../../sql/quote';
import { baseName, castName, isBlankPadded, isBuiltIn } from './type-family';

function characters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0xdc00 || unit > 0xdfff) count += 1;
  }
  return count;
}

function withoutBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 32) end -= 1;
  return text.slice(0, end);
}

/** Anything to text, varchar(n) or char(n): the canonical text, never cut; blanks at the end of a char(n) do not count. */
export const toText: CastRule = {
  toSql: (input, spec) => {
    const text = asText(input, spec);
    const canonical = isBlankPadded(spec.target) ? `rtrim(${plain(text)}, ' ')` : text;
    const { length } = spec.target;
    const count = spec.countsBytes === true ? characterCountSql(canonical) : `length(${plain(canonical)})`;
    const checks = length === null ? [] : [{ kind: 'too_long', failed: surely(`${count} > ${length}`) }];
    return { checks, wire: text, text: canonical };
  },
  apply: (input, { target }) => {
    const canonical = isBlankPadded(target) ? withoutBlanks(input) : input;
    const { length } = target;
    return length !== null && canonical.length > length && characters(canonical) > length
      ? { failed: 'too_long' }
      : { value: canonical };
  },
};

/** The same type with room for every value: built-in types keep their binary form, all others go as text. */
export const same: CastRule = {
  toSql: (input, spec) => ({
    checks: [],
    // the output function of xml leaves the declaration out, the cast to text does not
    wire:
      isBuiltIn(spec.target) && baseName(spec.target) !== 'xml'
        ? `(${input})::${castName(baseName(spec.target))}`
        : `(${input})::text`,
    text: `(${input})::text`,
  }),
  apply: (input) => ({ value: input }),
};

/** Every word that PostgreSQL reads as a boolean. */
const yes = ['t', 'tr', 'tru', 'true', 'y', 'ye', 'yes', 'on', '1'];
const no = ['f', 'fa', 'fal', 'fals', 'false', 'n', 'no', 'of', 'off', '0'];
const truths = new Map([...yes.map((word) => [word, 'true'] as const), ...no.map((word) => [word, 'false'] as const)]);
const words = (list: readonly string[]): string => list.map((word) => `'${word}'`).join(', ');

export const textToBoolean: CastRule = {
  nullWhereFailed: () => true,
  toSql: (input, spec) => {
    const text = asText(input, spec);
    const word = `lower(${plain(text)})`;
    const wire = `CASE WHEN ${word} IN (${words(yes)}) THEN true WHEN ${word} IN (${words(no)}) THEN false END`;
    return {
      checks: [{ kind: 'cast_boolean', failed: presentBut(text, `${word} IN (${words([...yes, ...no])})`) }],
      wire,
      text: `(${wire})::text`,
    };
  },
  apply: (input) => {
    const value = /^[A-Za-z01]{1,5}$/.test(input) ? truths.get(input.toLowerCase()) : undefined;
    return value === undefined ? { failed: 'cast_boolean' } : { value };
  },
};

const plainUuid = '[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}';
const uuidPattern = `^(${plainUuid}|[{]${plainUuid}[}]|[0-9a-fA-F]{32})$`;
/** As PostgreSQL prints it: a pattern without a choice costs half. */
const usualUuid = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
const uuid = new RegExp(uuidPattern);

export const textToUuid: CastRule = {
  nullWhereFailed: () => true,
  toSql: (input, spec) => {
    const text = asText(input, spec);
    const valid = `${plain(text)} ~ ${literal(uuidPattern)}`;
    const wire = `CASE WHEN ${plain(text)} ~ ${literal(usualUuid)} THEN ${text}::uuid WHEN ${valid} THEN ${text}::uuid END`;
    return { checks: [{ kind: 'bad_uuid', failed: presentBut(text, valid) }], wire, text: `(${wire})::text` };
  },
  apply: (input) => {
    if (!uuid.test(input)) return { failed: 'bad_uuid' };
    const digits = input.replace(/[{}-]/g, '').toLowerCase();
    return { value: digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') };
  },
};

/** Only PostgreSQL's hex form: other texts could mean characters or escapes. */
export const textToBytea: CastRule = {
  nullWhereFailed: () => true,
  toSql: (input, spec) => {
    const text = asText(input, spec);
    const valid = `${plain(text)} ~ ${literal('^\\\\x([0-9a-fA-F]{2})*$')}`;
    const wire = `CASE WHEN ${valid} THEN ${text}::bytea END`;
    return { checks: [{ kind: 'cast_bytea', failed: presentBut(text, valid) }], wire, text: `(${wire})::text` };
  },
  apply: (input) =>
    /^\\x(?:[0-9a-fA-F]{2})*$/.test(input) ? { value: input.toLowerCase() } : { failed: 'cast_bytea' },
};

const ascii = /^[\x01-\x7f]*$/;
const encoder = new TextEncoder();

function hex(text: string): string {
  return Array.from(encoder.encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Labels outside ASCII are compared as bytes, since a literal of them may not exist in the source's encoding. */
export const textToEnum: CastRule = {
  toSql: (input, spec) => {
    const text = asText(input, spec);
    const labels = spec.target.labels ?? [];
    const simple = labels.filter((label) => ascii.test(label)).map(literal);
    const others = labels.filter((label) => !ascii.test(label)).map((label) => `'${hex(label)}'`);
    const conditions = [
      ...(simple.length === 0 ? [] : [`${plain(text)} IN (${simple.join(', ')})`]),
      ...(others.length === 0 ? [] : [`encode(convert_to(${text}, 'UTF8'), 'hex') IN (${others.join(', ')})`]),
    ];
    const known = conditions.length === 0 ? 'false' : `(${conditions.join(' OR ')})`;
    return { checks: [{ kind: 'enum', failed: presentBut(text, known) }], wire: text, text };
  },
  apply: (input, { target }) => ((target.labels ?? []).includes(input) ? { value: input } : { failed: 'enum' }),
};

/** The target alone knows what its json reads, and spells it: the text goes to it as it is. */
export const textToJson: CastRule = {
  toSql: (input, spec) => ({ checks: [], wire: asText(input, spec), text: asText(input, spec) }),
  apply: (input) => ({ value: input }),
};

/** Types that only their own input function can read: the target decides, value by value, and spells them. */
export const textToOther: CastRule = {
  toSql: (input, spec) => {
    const text = asText(input, spec);
    if (spec.atSource !== true || !isBuiltIn(spec.target)) return { checks: [], wire: text, text };
    const wire = `${text}::${castName(baseName(spec.target))}`;
    return { checks: [], wire, text: `(${wire})::text` };
  },
  apply: (input) => ({ server: input }),
};

/** bit(n) takes n bits, bit varying(n) up to n; neither is padded or cut. */
export const toBits: CastRule = {
  toSql: (input, spec) => {
    const { length } = spec.target;
    const bits = `length((${input})::bit varying)`;
    const failed = baseName(spec.target) === 'bit' ? `${bits} <> ${length}` : `${bits} > ${length}`;
    return {
      checks: length === null ? [] : [{ kind: 'too_long', failed: surely(failed) }],
      wire: `(${input})::${castName(baseName(spec.target))}`,
      text: `(${input})::text`,
    };
  },
  apply: (input, { target }) => {
    const { length } = target;
    const fits = length === null || (baseName(target) === 'bit' ? input.length === length : input.length <= length);
    return fits ? { value: input } : { failed: 'too_long' };
  },
};
