import type { Node } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Problem } from '../errors/rowproof-error';
import { problem } from '../errors/rowproof-error';
import type { Locate, PlanPath, Position } from './position';
import { pathKey } from './position';
import { plainScalar } from './yaml-scalar';

/** Text of a YAML parser's error, without a piece of the file: the file may hold what must not be printed. */
const syntax: Readonly<Record<string, { readonly what: string; readonly fix?: string }>> = {
  TAB_AS_INDENT: { what: 'A tab is used for indentation.', fix: 'Indent with spaces.' },
  BAD_INDENT: { what: 'The indentation does not fit.', fix: 'Align the keys of one mapping under each other.' },
  MISSING_CHAR: { what: 'A closing quote, bracket or brace is missing.', fix: 'Close what was opened.' },
  BLOCK_AS_IMPLICIT_KEY: { what: 'A line has two colons.', fix: 'Quote text that contains a colon.' },
  MULTILINE_IMPLICIT_KEY: {
    what: 'A key spans several lines.',
    fix: 'A colon or the indentation is missing before it.',
  },
  UNEXPECTED_TOKEN: { what: 'This does not belong here.' },
  BAD_DIRECTIVE: { what: 'Directives are not understood.', fix: 'Remove the line that begins with %.' },
};

export interface ReadPlan {
  /** The value of the document, null when there is none. All keys are text. */
  readonly value: unknown;
  readonly problems: Problem[];
  /** Place of the key (or list item) of a path. */
  readonly locate: Locate;
  /** Place of a scalar's value; of the key for mappings and lists. */
  readonly locateValue: Locate;
}

/** Reads one YAML document for a plan. Finds all problems of form: syntax, duplicate keys, anchors, tags, characters. */
export function readYaml(text: string, file: string): ReadPlan {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const keys = new Map<string, number>();
  const values = new Map<string, number>();

  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const finder =
    (map: ReadonlyMap<string, number>): Locate =>
    (path) => {
      for (let length = path.length; length >= 0; length--) {
        const offset = map.get(pathKey(path.slice(0, length)));
        if (offset !== undefined) return at(offset);
      }
      return { file, line: 1, column: 1 };
    };
  const locate = finder(keys);
  const locateValue = finder(values);
  const result = (value: unknown): ReadPlan => ({ value, problems, locate, locateValue });
  const report = (...args: Parameters<typeof problem>): void => void problems.push(problem(...args));

  const checkText = (value: string, offset: number): string => {
    if (value.includes('\u0000') || /\p{Surrogate}/u.test(value))
      report('RP1004', 'The text contains a character that PostgreSQL cannot store.', {
        where: at(offset),
        why: 'NUL and unpaired surrogates are not valid characters in a database.',
        fix: 'Remove the escape, or write the whole character.',
      });
    return value;
  };

  const convertKey = (node: unknown, path: PlanPath): { name: string; offset: number } | null => {
    if (!isScalar(node)) {
      const offset = (node as Node | null)?.range?.[0] ?? keys.get(pathKey(path)) ?? 0;
      if (isAlias(node)) report('RP1023', 'A key is an alias.', { where: at(offset) });
      else
        report('RP1002', 'A key is not plain text.', {
          where: at(offset),
          fix: 'Write the key as text; quote it when it has special characters.',
        });
      return null;
    }
    const offset = node.range?.[0] ?? 0;
    const name = checkText(String(node.value), offset);
    if (name === '<<' && node.type === 'PLAIN') {
      report('RP1023', 'A merge key is used.', { where: at(offset) });
      return null;
    }
    if (name === '__proto__') {
      report('RP1004', 'The name `__proto__` cannot be used in a plan.', {
        where: at(offset),
        fix: 'Reach it through a view that names it differently.',
      });
      return null;
    }
    return { name, offset };
  };

  const convert = (node: Node | null, path: PlanPath, keyOffset: number): unknown => {
    const offset = node?.range?.[0] ?? keyOffset;
    keys.set(pathKey(path), keyOffset);
    values.set(pathKey(path), isScalar(node) ? offset : keyOffset);
    if (node === null) return null;
    if (isAlias(node)) {
      report('RP1023', 'An alias is used.', { where: at(offset) });
      return null;
    }
    if (node.anchor !== undefined && node.anchor !== '') report('RP1023', 'An anchor is used.', { where: at(offset) });
    if (node.tag !== undefined && node.tag !== '') report('RP1023', 'A tag is used.', { where: at(offset) });
    if (isMap(node)) {
      const object: Record<string, unknown> = {};
      for (const pair of node.items) {
        const key = convertKey(pair.key, path);
        if (key === null) continue;
        const inner = [...path, key.name];
        if (Object.hasOwn(object, key.name)) {
          const first = locate(inner);
          const isColumn = path.length === 3 && path[0] === 'tables' && path[2] === 'columns';
          const isTable = path.length === 1 && path[0] === 'tables';
          report(
            isColumn ? 'RP1007' : isTable ? 'RP1008' : 'RP1006',
            `\`${key.name}\` is given twice; first in line ${first.line}.`,
            { where: at(key.offset) },
          );
          continue;
        }
        object[key.name] = convert(pair.value as Node | null, inner, key.offset);
      }
      return object;
    }
    if (isSeq(node))
      return node.items.map((item, index) =>
        convert(item as Node | null, [...path, index], (item as Node | null)?.range?.[0] ?? offset),
      );
    if (!isScalar(node)) return null;
    const text = checkText(String(node.value), offset);
    return node.type === 'PLAIN' ? plainScalar(text, path) : text;
  };

  const documents = [
    ...parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, lineCounter: lines }),
  ];
  for (const document of documents)
    for (const error of [...document.errors, ...document.warnings]) {
      if (error.code === 'TAG_RESOLVE_FAILED') continue; // reported as a tag below
      const known = syntax[error.code];
      const where = at(error.pos[0]);
      // One mistake often makes the parser stumble several times at one place.
      if (problems.some((one) => one.where?.line === where.line)) continue;
      report('RP1002', known?.what ?? `The YAML cannot be read: ${error.code.toLowerCase().replaceAll('_', ' ')}.`, {
        where,
        ...(known?.fix === undefined ? {} : { fix: known.fix }),
      });
    }
  if (problems.length > 0) return result(null);
  const [document, second] = documents;
  if (second !== undefined) {
    report('RP1002', 'The file holds several YAML documents.', {
      where: at(second.range[0]),
      fix: 'One file is one plan: remove the line `---`, or split the file.',
    });
    return result(null);
  }
  const contents = document?.contents ?? null;
  if (contents === null || (isScalar(contents) && contents.value === '')) {
    report('RP1002', 'The plan is empty.', {
      where: { file, line: 1, column: 1 },
      fix: 'Write a first plan with `rowproof init --name NAME --source VARIABLE --target VARIABLE`.',
    });
    return result(null);
  }
  if (!isMap(contents)) {
    report('RP1002', 'The top level of a plan is a mapping with version, name, sources, target and tables.', {
      where: at(contents.range?.[0] ?? 0),
    });
    return result(null);
  }
  return result(convert(contents as Node, [], contents.range?.[0] ?? 0));
}
