/** Path into a plan: keys as written and indexes of lists. */
export type PlanPath = readonly (string | number)[];

/** Where a part of the plan stands in its file; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The place of a path; of the longest part of it that exists when it does not. */
export type Locate = (path: PlanPath) => Position;

export function pathKey(path: PlanPath): string {
  return JSON.stringify(path);
}
