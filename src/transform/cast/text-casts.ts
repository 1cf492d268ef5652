import { plain, presentBut } from '../sql-text';
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
    const checks =
      length === null ? [] : [{ kind: 'too_long', failed: surely(`length(${plain(canonical)}) > ${length}`) }];
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
    wire: isBuiltIn(spec.target) ? `(${input})::${castName(baseName(spec.target))}` : `(${input})::text`,
    text: `(${input})::text`,
  }),
  apply: (input) => ({ value: input }),
};

const truths: Readonly<Record<string, string>> = { true: 'true', t: 'true', false: 'false', f: 'false' };

export const textToBoolean: CastRule = {
  toSql: (input, spec) => {
    const text = asText(input, spec);
    const word = `lower(${plain(text)})`;
    const wire = `CASE WHEN ${word} IN ('true', 't') THEN true WHEN ${word} IN ('false', 'f') THEN false END`;
    return {
      checks: [{ kind: 'cast_boolean', failed: presentBut(text, `${word} IN ('true', 't', 'false', 'f')`) }],
      wire,
      text: `(${wire})::text`,
    };
  },
  apply: (input) => {
    const value = /^[A-Za-z]{1,5}$/.test(input) ? truths[input.toLowerCase()] : undefined;
    return value === undefined ? { failed: 'cast_boolean' } : { value };
  },
};

const plainUuid = '[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}';
const uuidPattern = `^(${plainUuid}|[{]${plainUuid}[}]|[0-9a-fA-F]{32})$`;
const uuid = new RegExp(uuidPattern);

export const textToUuid: CastRule = {
  toSql: (input, spec) => {
    const text = asText(input, spec);
    const valid = `${plain(text)} ~ ${literal(uuidPattern)}`;
    const wire = `CASE WHEN ${valid} THEN ${text}::uuid END`;
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

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON has no total test before PostgreSQL 16: a bad document raises and is found by the careful path. */
export const textToJson: CastRule = {
  toSql: (input, spec) => ({ checks: [], wire: `${asText(input, spec)}::json`, text: asText(input, spec) }),
  apply: (input) => (isJson(input) ? { value: input } : { failed: 'cast_json' }),
};

export const textToJsonb: CastRule = {
  toSql: (input, spec) => {
    const wire = `${asText(input, spec)}::jsonb`;
    return { checks: [], wire, text: `(${wire})::text` };
  },
  apply: (input) => (isJson(input) ? { server: input } : { failed: 'cast_json' }),
};

/** Types that only their own input function can read: the target decides, value by value on the careful path. */
export const textToOther: CastRule = {
  toSql: (input, spec) => {
    const text = asText(input, spec);
    if (!isBuiltIn(spec.target)) return { checks: [], wire: text, text };
    const wire = `${text}::${castName(baseName(spec.target))}`;
    return { checks: [], wire, text: `(${wire})::text` };
  },
  apply: (input) => ({ server: input }),
};
