import { parseDocument, visit } from 'yaml';
import { counted } from '../report/counted';
import { parseCsv } from './csv';

/** One expectation: the row with this key has these values. Canonical text of the target column; null is NULL. */
export interface SpotCheck {
  readonly key: Readonly<Record<string, string | null>>;
  readonly expect: Readonly<Record<string, string | null>>;
}

/** What is wrong with a file; it names places, never values. */
export interface SpotCheckProblem {
  readonly problem: string;
}

const keyPrefix = 'key.';
const nullSpellings: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);

/**
 * CSV: a header of target columns. Columns named `key.<column>` are the key; without one the first column is. An empty
 * field is NULL, a quoted empty field the empty text.
 */
function readCsv(text: string): SpotCheck[] | SpotCheckProblem {
  const rows = parseCsv(text);
  if ('fault' in rows) return { problem: `line ${rows.line}: ${rows.fault}` };
  const [header, ...records] = rows;
  if (header === undefined || records.length === 0) return { problem: 'no rows' };
  const named = `line ${header.line}`;
  if (header.fields.some((name) => name === null || name === '')) {
    return { problem: `${named}: a column has no name` };
  }
  const names = header.fields as string[];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return { problem: `${named}: column ${twice} is named twice` };
  const marked = names.some((name) => name.startsWith(keyPrefix));
  const isKey = names.map((name, index) => (marked ? name.startsWith(keyPrefix) : index === 0));
  if (isKey.every((key) => key)) return { problem: `${named}: no column besides the key` };
  const checks: SpotCheck[] = [];
  for (const { fields, line } of records) {
    if (fields.length !== names.length) {
      return { problem: `line ${line}: ${counted(fields.length, 'field')}, the header has ${names.length}` };
    }
    const key: Record<string, string | null> = {};
    const expect: Record<string, string | null> = {};
    for (const [place, value] of fields.entries()) {
      const name = names[place] as string;
      if (isKey[place] === true) key[marked ? name.slice(keyPrefix.length) : name] = value;
      else expect[name] = value;
    }
    checks.push({ key, expect });
  }
  return checks;
}

function textRecord(value: unknown): Record<string, string | null> | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const entries = Object.entries(value).map(([name, item]): [string, string | null] | null =>
    typeof item === 'string' ? [name, item] : item === null ? [name, null] : null,
  );
  return entries.length > 0 && entries.every((entry) => entry !== null) ? Object.fromEntries(entries) : null;
}

/** YAML: a list of `{ key: { column: value }, expect: { column: value } }`. Values are text; `null` and nothing are NULL. */
function readYaml(text: string): SpotCheck[] | SpotCheckProblem {
  // scalars stay the text that was written (010, 2020-01-01, no), except null
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) return { problem: `not YAML (character ${error.pos[0]})` };
  visit(document, {
    Scalar: (place, node) => {
      if (place !== 'key' && node.type === 'PLAIN' && nullSpellings.has(String(node.value))) node.value = null;
    },
  });
  const nodes = document.toJS() as unknown;
  if (!Array.isArray(nodes) || nodes.length === 0) return { problem: 'not a list of checks' };
  const checks: SpotCheck[] = [];
  for (const [index, node] of nodes.entries()) {
    const item = node as { key?: unknown; expect?: unknown } | null;
    const key = textRecord(item?.key);
    const expect = textRecord(item?.expect);
    if (key === null || expect === null) {
      return { problem: `check ${index + 1}: needs key and expect, each a map of target columns to values` };
    }
    checks.push({ key, expect });
  }
  return checks;
}

/** Reads a spot-check file; `name` decides the format (.csv, .yaml, .yml, .json). */
export function readSpotChecks(name: string, text: string): readonly SpotCheck[] | SpotCheckProblem {
  if (/\.csv$/i.test(name)) return readCsv(text);
  if (/\.(ya?ml|json)$/i.test(name)) return readYaml(text);
  return { problem: 'the file name must end in .csv, .yaml, .yml or .json' };
}
