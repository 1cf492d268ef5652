import type { z } from 'zod';
import type { PlanDocument } from '../contract/plan-file';
import { planFile } from '../contract/plan-file';
import type { Problem } from '../errors/rowproof-error';
import { createReport } from './check/check-context';
import { checkDocument } from './check/check-document';
import { branchOf, explainIssue, valueAt } from './check/explain-issue';
import { knownKeys } from './check/known-keys';
import type { Locate, PlanPath } from './position';
import { isPattern, matchPattern, parsePattern, parseQualifiedName } from './resolve/qualified-name';
import { readYaml } from './read-yaml';

export interface ParsedPlan {
  /** Null when there is any problem. */
  readonly plan: PlanDocument | null;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
  readonly locate: Locate;
}

/** A deep copy of `value` without what stands at `path`; a copy without the parent where the path does not exist. */
function without(value: unknown, path: PlanPath, list?: string): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return undefined;
  if (Array.isArray(value)) {
    // A stand-in keeps the places of the other steps right.
    const stand = list === 'steps' ? 'trim' : 'not_null';
    if (rest.length === 0 && list !== undefined) return value.map((item, index) => (index === head ? stand : item));
    if (rest.length === 0) return value.filter((_, index) => index !== head);
    return value.map((item, index) => (index === head ? without(item, rest, list) : (item as unknown)));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (key !== String(head)) return [[key, inner]];
      return rest.length === 0 ? [] : [[key, without(inner, rest, key === 'steps' || key === 'rules' ? key : list)]];
    }),
  );
}

/** Stand-ins for what every plan needs, so that the rest of a plan can be judged without it. */
function placeholder(key: string, raw: unknown): unknown {
  if (key === 'version') return 1;
  if (key === 'name') return 'plan';
  if (key === 'target') return '${TARGET}';
  const sources = (raw as { sources?: unknown }).sources;
  const names = typeof sources === 'object' && sources !== null ? Object.keys(sources) : ['source'];
  return key === 'sources' ? Object.fromEntries(names.map((name) => [name, '${SOURCE}'])) : undefined;
}

/** Paths that an issue makes unusable: the offending value, or what lacks a key that it needs. */
function offending(issue: z.core.$ZodIssue, value: unknown, above: PlanPath = []): PlanPath[] {
  const path = [...above, ...(issue.path as (string | number)[])];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...path, key]);
  const branch = issue.code === 'invalid_union' ? branchOf(issue) : null;
  if (branch !== null) return branch.flatMap((inner) => offending(inner, value, path));
  return [valueAt(value, path) === undefined && path.length > 1 ? path.slice(0, -1) : path];
}

/** The well-formed part of a plan, so that the rest can be checked in the same pass; null when too little is left. */
function salvage(raw: unknown): { document: PlanDocument | null; leftOut: readonly PlanPath[] } {
  const leftOut: PlanPath[] = [];
  let value = raw;
  for (let round = 0; round < 12; round++) {
    const parsed = planFile.safeParse(value);
    if (parsed.success) return { document: parsed.data, leftOut };
    const paths = parsed.error.issues.flatMap((issue) => offending(issue, value));
    // Later list items first, so that indexes stay right.
    for (const path of [...paths].reverse()) {
      const stand = path.length === 1 ? placeholder(String(path[0]), raw) : undefined;
      value = stand === undefined ? without(value, path) : { ...(value as object), [String(path[0])]: stand };
    }
    leftOut.push(...paths);
    if (value === undefined) break;
  }
  return { document: null, leftOut };
}

/**
 * Also finds `tables`, schema.table where the plan spells that name in quotes or brings the table by a pattern: what is
 * compiled knows a table's name, not how the plan wrote it.
 */
function byTableName(locate: Locate, keys: readonly string[]): Locate {
  return (path) => {
    const [top, name, ...rest] = path;
    if (top !== 'tables' || typeof name !== 'string' || keys.includes(name)) return locate(path);
    const quoted = keys.find((key) => {
      const written = parseQualifiedName(key);
      return written !== null && `${written.schema}.${written.name}` === name;
    });
    const dot = name.indexOf('.');
    const table = { schema: name.slice(0, dot), name: name.slice(dot + 1) };
    const pattern = (key: string): boolean => {
      const parsed = isPattern(key) ? parsePattern(key) : null;
      return parsed !== null && matchPattern(parsed, table) !== null;
    };
    const key = quoted ?? keys.find(pattern);
    return locate(key === undefined ? path : [top, key, ...rest]);
  };
}

/** Reads a plan file. Every problem is found at once, each with file, line, column and a fix. */
export function parsePlan(text: string, file: string): ParsedPlan {
  const { value, problems, locate: locateWritten, locateValue } = readYaml(text, file);
  if (value === null) return { plan: null, problems, locate: locateWritten };
  const tables = (value as { tables?: unknown }).tables;
  const keys = typeof tables === 'object' && tables !== null ? Object.keys(tables) : [];
  const locate = byTableName(locateWritten, keys);
  const parsed = planFile.safeParse(value);
  const found = [...problems];
  if (!parsed.success)
    for (const issue of parsed.error.issues)
      found.push(...explainIssue(issue, value, { locate, locateValue }, knownKeys));
  const { document, leftOut } = parsed.success ? { document: parsed.data, leftOut: [] } : salvage(value);
  if (document !== null) {
    const report = createReport(locate, leftOut);
    checkDocument(document, keys, report);
    // What salvage took away must not be reported as missing a second time.
    for (const one of report.problems)
      if (
        parsed.success ||
        !found.some((other) => other.where?.line === one.where?.line && other.where?.column === one.where?.column)
      )
        found.push(one);
  }
  found.sort((a, b) => (a.where?.line ?? 0) - (b.where?.line ?? 0) || (a.where?.column ?? 0) - (b.where?.column ?? 0));
  return { plan: found.length === 0 && parsed.success ? parsed.data : null, problems: found, locate };
}
