import type { Refusal } from '../errors/refusal-sentence';
import type { ResolvedConnection } from './connection-spec';
import { describeDatabaseError } from './sqlstate';

/** Whose session it is, and what it was opened for. */
export interface SessionRole {
  readonly side: 'source' | 'target';
  /** Name of the source in the plan; null for a target. */
  readonly name: string | null;
  readonly purpose: string;
}

/** Where a statement was refused. Kept beside the error and not in it, so that nothing prints or serializes it. */
interface Place {
  readonly role: SessionRole | null;
  readonly connection: ResolvedConnection;
  readonly named: string | null;
  /** Names in the server's call stack that may be functions, the innermost first; only those that exist are ever shown. */
  readonly calls: readonly string[][];
}

const places = new WeakMap<object, Place>();
const doings = new WeakMap<object, string>();

/**
 * Says what is being done, for the case that a statement of `work` is refused: "adding foreign key x to crm.t". Names of objects,
 * never values. Of several around each other the innermost is shown.
 */
export async function during<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isObject(error) && !doings.has(error)) doings.set(error, doing);
    throw error;
  }
}

/** Remembers on which session, and at which identifier of our statement, the server refused. Returns the error. */
export function noteRefusal(
  error: unknown,
  at: { readonly role: SessionRole | null; readonly connection: ResolvedConnection; readonly sql: string },
): unknown {
  if (!isObject(error) || places.has(error) || typeof (error as Fields).severity !== 'string') return error;
  const { role, connection } = at;
  places.set(error, { role, connection, named: identifierAt(at.sql, error), calls: callsOf(error) });
  return error;
}

/** What may be said of the refused statement behind an error; null when no server refused one. Does not ask a server. */
export function describeRefusal(error: unknown, inside: string | null = null): Refusal | null {
  const facts = describeDatabaseError(error);
  if (facts.sqlstate === null) return null;
  const chain = causes(error);
  const place = placeOf(chain);
  const doing = [...chain].reverse().find((one) => doings.has(one));
  return {
    sqlstate: facts.sqlstate,
    side: place?.role?.side ?? null,
    name: place?.role?.name ?? null,
    label: place?.connection.label ?? null,
    doing: (doing === undefined ? null : doings.get(doing)) ?? null,
    purpose: place?.role?.purpose ?? null,
    inside,
    named: place?.named ?? null,
    constraint: facts.constraint,
    column: facts.column,
    table: facts.table,
  };
}

/** Connection and names to ask for when a function was running; null when none was. */
export function callsBehind(
  error: unknown,
): { readonly connection: ResolvedConnection; readonly calls: readonly string[][] } | null {
  const place = placeOf(causes(error));
  return place === undefined || place.calls.length === 0 ? null : place;
}

interface Fields {
  readonly severity?: unknown;
  readonly position?: unknown;
  readonly where?: unknown;
  readonly cause?: unknown;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The error and its causes, the outermost first. */
function causes(error: unknown): object[] {
  const chain: object[] = [];
  for (let at: unknown = error; isObject(at) && chain.length < 6; at = (at as Fields).cause) chain.push(at);
  return chain;
}

function placeOf(chain: readonly object[]): Place | undefined {
  const noted = chain.find((one) => places.has(one));
  return noted === undefined ? undefined : places.get(noted);
}

const part = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const dotted = new RegExp(String.raw`^${part}(?:\.${part}){0,3}`, 'u');

/** The identifier of our own text at the place where the server stopped; a literal there is never taken. */
function identifierAt(sql: string, error: Fields): string | null {
  const position = Number(error.position);
  if (!Number.isInteger(position) || position < 1) return null;
  // the server counts characters, JavaScript counts halves of some
  const rest = [...sql.slice(0, 2 * position + 2_000)].slice(position - 1, position + 400).join('');
  return dotted.exec(rest)?.[0] ?? null;
}

const call = new RegExp(String.raw`(${part})(?:\.(${part}))?\(`, 'u');
const quoted = /["“»«]\s?([^"“”»«]{1,63}?)\s?["”«»]/u;

/**
 * The lines `PL/pgSQL function s.f(integer) line 3 at SQL statement` and `SQL function "f" during startup`, in whatever language the
 * server speaks: [schema, name] or [name]. Other lines may quote values and are not looked at.
 */
function callsOf({ where }: Fields): string[][] {
  if (typeof where !== 'string') return [];
  return where.split('\n').flatMap((line): string[][] => {
    if (line.length > 400) return [];
    if (line.includes('PL/')) {
      const [, first, second] = call.exec(line) ?? [];
      if (first === undefined) return [];
      return [[first, ...(second === undefined ? [] : [second])].map(unquoted)];
    }
    if (!/\bSQL\b/.test(line)) return [];
    const name = quoted.exec(line)?.[1];
    return name === undefined ? [] : [[name]];
  });
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
