/** One trigger of a user on a table that a run fills, as the catalog has it. */
export interface TriggerFacts {
  readonly name: string;
  /** pg_trigger.tgenabled. */
  readonly enabled: 'O' | 'D' | 'R' | 'A';
  /** pg_trigger.tgtype. */
  readonly type: number;
  /** Columns of UPDATE OF; empty for any. */
  readonly updateOf: readonly string[];
  readonly language: string;
  /** Body of the function; its symbol for one in C. */
  readonly source: string;
  readonly args: readonly string[];
}

const row = 1;
const before = 2;
const insert = 4;
const remove = 8;
const update = 16;

/**
 * Whether anything that a run does to the table fires it. Rows are inserted, and taken away where they break a rule; only a run that
 * follows its sources changes them in place, in the columns that it loads. Nothing is truncated while triggers are on.
 */
export function canFire(trigger: TriggerFacts, loaded: readonly string[], followed: boolean): boolean {
  if (trigger.enabled === 'D' || trigger.enabled === 'R') return false;
  if ((trigger.type & (insert | remove)) !== 0) return true;
  const touched = trigger.updateOf.length === 0 || trigger.updateOf.some((column) => loaded.includes(column));
  return followed && (trigger.type & update) !== 0 && touched;
}

/** Loaded columns that a row trigger sets before the row is written, as far as its text tells. */
export function columnsWritten(trigger: TriggerFacts, loaded: readonly string[]): string[] {
  if ((trigger.type & row) === 0 || (trigger.type & before) === 0) return [];
  // moddatetime, tsvector_update_trigger and their kind: the first argument is the column
  const found = trigger.language === 'plpgsql' ? assigned(trigger.source) : new Set(trigger.args.slice(0, 1));
  return loaded.filter((column) => found.has(column));
}

const name = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const field = String.raw`new\s*\.\s*(${name})(?:\s*\.\s*${name}|\s*\[[^\]]*\])*`;

/** Fields of NEW that a PL/pgSQL body assigns to, by an assignment or INTO. */
function assigned(body: string): Set<string> {
  const text = body.replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'/g, (part) => (part.startsWith("'") ? "''" : ' '));
  const found = new Set<string>();
  const take = (pattern: RegExp): void => {
    for (const match of text.matchAll(pattern)) found.add(folded(match[1] as string));
  };
  // `=` assigns at the beginning of a statement only
  take(new RegExp(String.raw`(?<![\p{L}\p{N}_$])${field}\s*:=`, 'giu'));
  take(new RegExp(String.raw`(?<=^|;|(?<![\p{L}\p{N}_$])(?:begin|then|else|loop))\s*${field}\s*=`, 'giu'));
  for (const [targets] of text.matchAll(
    new RegExp(String.raw`\binto\s+(?:strict\s+)?${field}(?:\s*,\s*${field})*`, 'giu'),
  ))
    for (const match of targets.matchAll(new RegExp(field, 'giu'))) found.add(folded(match[1] as string));
  return found;
}

function folded(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase();
}
