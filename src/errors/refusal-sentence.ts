import { namedState } from './sqlstate-names';

/** What may be said of a statement that a server refused: names that exist and words of ours, nothing of what the server wrote. */
export interface Refusal {
  readonly sqlstate: string;
  readonly side: 'source' | 'target' | null;
  /** Name of the source in the plan. */
  readonly name: string | null;
  /** The connection as its plan spells it: `${CRM_URL}`, a file name. */
  readonly label: string | null;
  /** "adding foreign key x to crm.t" */
  readonly doing: string | null;
  /** What the session was opened for, where nothing more exact is known. */
  readonly purpose: string | null;
  /** The function of the database inside which it failed. */
  readonly inside: string | null;
  /** The identifier of our statement that the server did not take. */
  readonly named: string | null;
  readonly constraint: string | null;
  readonly column: string | null;
  readonly table: string | null;
}

/** "The target (${CRM_URL}) refused a statement while copying batch 3 of crm.t: undefined_table (42P01), in function f." */
export function refusalSentence(refusal: Refusal): string {
  const parts = [
    refusal.inside !== null && `in function ${refusal.inside}`,
    refusal.named !== null && `at ${refusal.named}`,
    refusal.constraint !== null && `constraint ${refusal.constraint}`,
    refusal.column !== null && `column ${refusal.column}`,
    refusal.table !== null && `table ${refusal.table}`,
  ].filter((part) => part !== false);
  const purpose = refusal.purpose === null ? '' : ` (${refusal.purpose})`;
  const doing = refusal.doing === null ? purpose : ` while ${refusal.doing}`;
  const what = [namedState(refusal.sqlstate), ...parts].join(', ');
  return `${subject(refusal)} refused a statement${doing}: ${what}.`;
}

function subject({ side, name, label }: Refusal): string {
  const at = label === null ? '' : ` (${label})`;
  if (side === 'target') return `The target${at}`;
  if (side === 'source') return `Source${name === null ? '' : ` ${name}`}${at}`;
  return 'PostgreSQL';
}

/** What to do about it, where the SQLSTATE tells; null where it does not. */
export function refusalAdvice(refusal: Refusal): string | null {
  const { sqlstate, inside, side } = refusal;
  if (inside !== null && /^(42P01|42883|42704|42703|3F000)$/.test(sqlstate)) {
    return side === 'target'
      ? `${inside} names something that its search_path does not find: state the application's path in the plan (target: { search_path: [...] }), or set one on the function.`
      : `${inside} names something that its search_path does not find: set one on the function (ALTER FUNCTION ... SET search_path).`;
  }
  return advice[sqlstate] ?? null;
}

const advice: Readonly<Record<string, string>> = {
  '42501': 'Grant the role of the connection what it needs there.',
  '25006': 'The server takes no writes: it is a standby, or default_transaction_read_only is on.',
  '42P01':
    'Something that the plan or a function names does not exist; it may have been dropped or renamed since the start.',
  '42703':
    'A column that the plan or a function names does not exist; it may have been dropped or renamed since the start.',
  '42601': 'The text of an expression is not valid SQL: look at what the plan or the function says there.',
  '55000': 'An object is not in the state that this needs; the log of the server says which.',
  '0A000': 'This server cannot do that; the log of the server says what it does not support.',
  '22021': 'A value holds bytes that are not valid in its encoding.',
  XX000: 'The server reports an error of its own; its log says more, and a damaged table or index is possible.',
};
