import type { PlanDocument } from '../contract/plan-file';
import { planFile } from '../contract/plan-file';
import type { Problem } from '../errors/rowproof-error';
import { createReport } from './check-context';
import { checkDocument } from './check-document';
import { explainIssue } from './explain-issue';
import { knownKeys } from './known-keys';
import type { Locate, PlanPath } from './position';
import { readYaml } from './read-yaml';

export interface ParsedPlan {
  /** Null when there is any problem. */
  readonly plan: PlanDocument | null;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
  readonly locate: Locate;
}

/** A deep copy of `value` without what stands at `path`; a copy without the parent where the path does not exist. */
function without(value: unknown, path: PlanPath): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return undefined;
  if (Array.isArray(value)) {
    if (rest.length === 0) return value.filter((_, index) => index !== head);
    return value.map((item, index) => (index === head ? without(item, rest) : (item as unknown)));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (key !== String(head)) return [[key, inner]];
      return rest.length === 0 ? [] : [[key, without(inner, rest)]];
    }),
  );
}

/** The well-formed part of a plan, so that the rest can be checked in the same pass; null when too little is left. */
function salvage(raw: unknown): PlanDocument | null {
  let value = raw;
  for (let round = 0; round < 12; round++) {
    const parsed = planFile.safeParse(value);
    if (parsed.success) return parsed.data;
    const paths: PlanPath[] = parsed.error.issues.flatMap((issue): PlanPath[] => {
      const path = issue.path as (string | number)[];
      if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...path, key]);
      let inner: unknown = value;
      for (const key of path) inner = (inner as Record<string | number, unknown> | undefined)?.[key];
      // What is missing cannot be removed: what lacks it goes.
      return [inner === undefined ? path.slice(0, -1) : path];
    });
    // Later list items first, so that indexes stay right.
    for (const path of [...paths].reverse()) value = without(value, path);
    if (value === undefined) return null;
  }
  return null;
}

/** Reads a plan file. Every problem is found at once, each with file, line, column and a fix. */
export function parsePlan(text: string, file: string): ParsedPlan {
  const { value, problems, locate, locateValue } = readYaml(text, file);
  if (value === null) return { plan: null, problems, locate };
  const parsed = planFile.safeParse(value);
  const found = [...problems];
  if (!parsed.success)
    for (const issue of parsed.error.issues)
      found.push(...explainIssue(issue, value, { locate, locateValue }, knownKeys));
  const document = parsed.success ? parsed.data : salvage(value);
  if (document !== null) {
    const report = createReport(locate);
    const tables = (value as { tables?: unknown }).tables;
    const keys = typeof tables === 'object' && tables !== null ? Object.keys(tables) : [];
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
