import { identifier } from '../sql/quote';

/**
 * An SQL expression together with the level where it can be written: level 0 reads the source table, level n the outputs of
 * level n - 1. `simple` is a bare reference, which costs nothing to mention again.
 */
export interface Placed {
  readonly level: number;
  readonly expression: string;
  readonly simple: boolean;
}

/** An expression written in the outermost select, over values that are lifted there first. */
export interface Deferred {
  readonly needs: readonly Placed[];
  readonly write: (...expressions: string[]) => string;
}

/** A value itself, as a column of the outermost select; with `as`, under that name. */
export function plain(placed: Placed, as?: string): Deferred {
  return {
    needs: [placed],
    write: (expression) => (as === undefined ? expression : `${expression} AS ${identifier(as)}`),
  };
}

interface Output {
  readonly name: string;
  readonly expression: string;
}

/**
 * What closes a sub-select, so that the planner keeps it apart. The planner takes `OFFSET 0` for a limit, which keeps parallel workers
 * away; `OFFSET '0'` it knows to be none.
 */
export type Fence = 'OFFSET 0' | "OFFSET '0'";

/**
 * Nested sub-selects, each closed by a fence so that PostgreSQL evaluates what a level computes once, however often the
 * next level mentions it.
 */
export class Levels {
  private readonly outputs: Map<string, Output>[] = [];
  private readonly names = new Map<string, Placed>();
  private count = 0;

  /** An expression over the source's columns. */
  source(expression: string, simple = false): Placed {
    return { level: 0, expression, simple };
  }

  /** Gives an expression a name, unless mentioning it again is free. */
  once(placed: Placed): Placed {
    return placed.simple ? placed : this.name(placed);
  }

  /** Gives an expression a name at the next level: `name`, or one of our own. */
  name(placed: Placed, name?: string): Placed {
    const known = `${placed.level} ${placed.expression}`;
    const before = this.names.get(known);
    if (before !== undefined && (name === undefined || before.expression === identifier(name))) return before;
    const chosen = name ?? `v${++this.count}`;
    this.output(placed.level, chosen, placed.expression);
    const reference: Placed = { level: placed.level + 1, expression: identifier(chosen), simple: true };
    this.names.set(known, reference);
    return reference;
  }

  /** The same value, written at `level`: passed through the levels between. */
  lift(placed: Placed, level: number): Placed {
    if (placed.level === level) return placed;
    if (placed.level > level) throw new Error('a value cannot be lowered');
    const reference = placed.level === 0 ? this.name(placed) : this.once(placed);
    for (let at = reference.level; at < level; at += 1)
      this.output(at, unquoted(reference.expression), reference.expression);
    return { ...reference, level };
  }

  /** All values at the highest of their levels. */
  together(placed: readonly Placed[]): { readonly level: number; readonly expressions: string[] } {
    const level = placed.reduce((highest, one) => Math.max(highest, one.level), 0);
    return { level, expressions: placed.map((one) => this.lift(one, level).expression) };
  }

  /** One expression made of several values. */
  combine(placed: readonly Placed[], write: (...expressions: string[]) => string): Placed {
    const { level, expressions } = this.together(placed);
    return { level, expression: write(...expressions), simple: false };
  }

  /**
   * The whole statement: the outermost select of `columns` where all `conditions` hold, over the nested levels, over `from`
   * (FROM and what follows it, read by level 0). What is deferred is evaluated only for the rows that pass. `order` is
   * repeated on every level, else the planner forgets it and sorts again.
   */
  select(
    from: string,
    columns: readonly Deferred[],
    conditions: readonly Deferred[] = [],
    order: readonly Placed[] = [],
    fence: Fence = 'OFFSET 0',
  ): string {
    const all = [...columns, ...conditions, ...order.map((one) => plain(one))];
    const level = all.reduce(
      (highest, one) => one.needs.reduce((high, need) => Math.max(high, need.level), highest),
      1,
    );
    const write = (one: Deferred): string => one.write(...one.needs.map((need) => this.lift(need, level).expression));
    const list = columns.map(write).join(', ');
    const sorted = order.map((one) => this.lift(one, level).expression);
    const orderBy = sorted.length === 0 ? [] : [`ORDER BY ${sorted.join(', ')}`];
    const where = conditions.map(write).filter((one) => one !== 'true');
    return [
      `SELECT ${list}`,
      `FROM ${this.nested(from, level - 1, orderBy, fence)}`,
      ...(where.length === 0 ? [] : [`WHERE ${where.join(' AND ')}`]),
      ...orderBy,
    ].join('\n');
  }

  private nested(from: string, level: number, orderBy: readonly string[], fence: Fence): string {
    const written = [...(this.outputs[level]?.values() ?? [])].map(({ name, expression }) =>
      expression === identifier(name) ? expression : `${expression} AS ${identifier(name)}`,
    );
    const list = written.length === 0 ? '1 AS "one"' : written.join(', ');
    const below = level === 0 ? from : [`FROM ${this.nested(from, level - 1, orderBy, fence)}`, ...orderBy].join('\n');
    return `(SELECT ${list}\n${below}\n${fence}) AS "l${level}"`;
  }

  private output(level: number, name: string, expression: string): void {
    while (this.outputs.length <= level) this.outputs.push(new Map());
    const at = this.outputs[level] as Map<string, Output>;
    at.set(name, { name, expression });
  }
}

function unquoted(reference: string): string {
  return reference.slice(1, -1).replaceAll('""', '"');
}
