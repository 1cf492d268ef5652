import type { CompiledColumn, CompiledMapping } from '../../contract/compiled';
import { keyText } from '../../contract/key';
import { applyCast } from '../../transform/cast/apply-cast';
import type { CastOutcome } from '../../transform/cast/cast';
import { offset, uuidFrom } from '../../transform/id';
import type { StepOutcome, TransformContext } from '../../transform/transform';
import { holdsCharacters, isForeign } from '../../transform/untranslatable';
import { checkedStep } from '../checked-step';
import { computesId, idReason } from './column-to-sql';
import { keyPart } from '../key/key-part';
import { baseTypeName } from './type-facts';

export interface RecomputedRow {
  /** One outcome a loaded column, in COPY order. */
  readonly values: readonly CastOutcome[];
  /** Indexes into `reasons`, at most one a column, in column order: exactly what the statement `rejected` gives. */
  readonly reasons: readonly number[];
  /** Target key text; '' where a key column has a reason. */
  readonly key: string;
}

/** Recomputes one row from `rawColumns` as text. */
export type Recompute = (raw: readonly (string | null)[]) => RecomputedRow;

type Outcome = CastOutcome;
type ColumnRecompute = (raw: readonly (string | null)[]) => Outcome;

/** The TypeScript twin of `load` and `rejected`, prepared once for a mapping. */
export function createRecompute(mapping: CompiledMapping, given: TransformContext): Recompute {
  const { targetEncoding } = mapping;
  const context = targetEncoding === undefined ? given : { ...given, targetEncoding };
  const raw = new Map(
    mapping.rawColumns.map((column, index) => [`${column.sql ? 'sql' : 'column'} ${column.name}`, index]),
  );
  const marked = mapping.rawColumns.map((column) => column.marked === true);
  const columns = mapping.columns.map((column) => prepareColumn(column, raw, context, marked));
  const reasons = mapping.columns.map(
    (column) =>
      new Map(mapping.reasons.filter((one) => one.column === column.target).map((one) => [one.kind, one.index])),
  );
  const key = mapping.targetKey.map((one) => mapping.columns.findIndex((column) => column.target === one.name));
  return (values) => {
    const outcomes: Outcome[] = [];
    const found: number[] = [];
    for (let at = 0; at < columns.length; at += 1) {
      const outcome = (columns[at] as ColumnRecompute)(values);
      outcomes.push(outcome);
      if ('failed' in outcome) {
        const index = (reasons[at] as Map<string, number>).get(outcome.failed);
        if (index === undefined) throw new Error(`no reason ${outcome.failed} was compiled for this column`);
        found.push(index);
      }
    }
    return { values: outcomes, reasons: found, key: keyOf(key.map((at) => outcomes[at] as Outcome)) };
  };
}

/** One row; prepare with `createRecompute` when there are more. */
export function recomputeRow(
  mapping: CompiledMapping,
  raw: readonly (string | null)[],
  context: TransformContext,
): RecomputedRow {
  return createRecompute(mapping, context)(raw);
}

function keyOf(parts: readonly Outcome[]): string {
  const texts: (string | null)[] = [];
  for (const part of parts) {
    if ('failed' in part) return '';
    texts.push('server' in part ? part.server : part.value);
  }
  return keyText(texts);
}

function prepareColumn(
  column: CompiledColumn,
  raw: ReadonlyMap<string, number>,
  context: TransformContext,
  marked: readonly boolean[],
): ColumnRecompute {
  const input = prepareInput(column, raw, context);
  const inputs = column.constant === undefined ? inputPositions(column, raw).filter((at) => marked[at]) : [];
  const { targetEncoding } = context;
  const evaluated = targetEncoding !== undefined && holdsCharacters(baseTypeName(column.type));
  return (values) => {
    if (inputs.some((at) => values[at] === unsendable)) return { failed: 'encoding' };
    const given = input(
      inputs.length === 0 ? values : values.map((text, at) => (marked[at] === true ? unmarked(text) : text)),
    );
    if ('failed' in given) return given;
    if (given.value === null) return column.notNull ? { failed: 'not_null' } : { value: null };
    const outcome = applyCast(column.cast, given.value);
    if (!evaluated || 'failed' in outcome) return outcome;
    const text = 'server' in outcome ? outcome.server : outcome.value;
    return text !== null && isForeign(context.encoding, targetEncoding, text) ? { failed: 'encoding' } : outcome;
  };
}

/** What stands for a text that the source cannot send; others begin with a `T`. */
const unsendable = 'B';

function unmarked(text: string | null): string | null {
  return text === null ? null : text.slice(1);
}

type Prepared = (raw: readonly (string | null)[]) => { readonly value: string | null } | { readonly failed: string };

/** The text that the cast takes. */
function prepareInput(column: CompiledColumn, raw: ReadonlyMap<string, number>, context: TransformContext): Prepared {
  const at = inputPositions(column, raw);
  const id = computesId(column);
  const steps = prepareSteps(column, context);
  if (id === null) {
    if (steps.length === 0) return first(column, at);
    return (values) => runSteps(steps, inputsOf(column, at, values));
  }
  const parts = prepareParts(column, at, steps);
  const badId = idReason(column) ?? 'not_null';
  return (values) => {
    const found = parts(values);
    if ('failed' in found) return found;
    const texts = found.value;
    if (texts.some((text) => text === null)) return { value: null };
    if (id.kind === 'offset') {
      const value = offset(texts[0] as string, id.by);
      return value === null ? { failed: badId } : { value };
    }
    return { value: uuidFrom(column.namespace as string, texts as string[], context.sha256) };
  };
}

function inputPositions(column: CompiledColumn, raw: ReadonlyMap<string, number>): number[] {
  const names = column.sql !== undefined ? [`sql ${column.sql}`] : column.from.map((name) => `column ${name}`);
  return names.map((name) => {
    const at = raw.get(name);
    if (at === undefined) throw new Error('a column reads what is not among the raw columns');
    return at;
  });
}

function inputsOf(
  column: CompiledColumn,
  at: readonly number[],
  values: readonly (string | null)[],
): (string | null)[] {
  return column.constant !== undefined ? [column.constant] : at.map((index) => values[index] as string | null);
}

function first(column: CompiledColumn, at: readonly number[]): Prepared {
  if (column.constant !== undefined) {
    const constant = { value: column.constant };
    return () => constant;
  }
  const index = at[0] as number;
  return (values) => ({ value: values[index] as string | null });
}

interface PreparedStep {
  readonly reason: string;
  readonly apply: (inputs: readonly (string | null)[]) => StepOutcome;
}

function prepareSteps(column: CompiledColumn, context: TransformContext): PreparedStep[] {
  return column.steps.map((spec) => {
    const { transform, args } = checkedStep(spec);
    return { reason: transform.reason ?? transform.name, apply: (inputs) => transform.apply(inputs, args, context) };
  });
}

function runSteps(
  steps: readonly PreparedStep[],
  inputs: readonly (string | null)[],
): { readonly value: string | null } | { readonly failed: string } {
  let current = inputs;
  for (const step of steps) {
    const outcome = step.apply(current);
    if ('failed' in outcome) return { failed: step.reason };
    current = [outcome.value];
  }
  return { value: current[0] as string | null };
}

/** The parts of a computed id as canonical text. */
function prepareParts(
  column: CompiledColumn,
  at: readonly number[],
  steps: readonly PreparedStep[],
): (raw: readonly (string | null)[]) => { readonly value: readonly (string | null)[] } | { readonly failed: string } {
  const { keyCasts } = column;
  if (keyCasts === undefined) {
    return (values) => ({
      value: at.map((index, part) => {
        const text = values[index] as string | null;
        return text === null ? null : keyPart(column.inputTypes[part] as string, text);
      }),
    });
  }
  return (values) => {
    let inputs: (string | null)[] = inputsOf(column, at, values);
    if (steps.length > 0) {
      const outcome = runSteps(steps, inputs);
      if ('failed' in outcome) return outcome;
      inputs = [outcome.value];
    }
    const parts: (string | null)[] = [];
    for (const [index, text] of inputs.entries()) {
      const spec = keyCasts[index] as (typeof keyCasts)[number];
      const outcome: Outcome = text === null ? { value: null } : applyCast(spec, text);
      if ('failed' in outcome) return { failed: 'bad_reference' };
      const known = 'server' in outcome ? outcome.server : outcome.value;
      parts.push(known === null ? null : keyPart(baseTypeName(spec.target), known));
    }
    return { value: parts };
  };
}
