import type { Column, ColumnType } from '../contract/catalog';
import type { CastSpec, CompiledColumn } from '../contract/compiled';
import type { ColumnPlan, IdPlan, MappingPlan } from '../contract/resolved-plan';
import { chooseCast } from '../transform/cast/choose-cast';
import { canEncode } from '../transform/encoding';
import { encodingProblem, parseStep } from '../transform/registry';
import { leavesOf } from '../transform/type-shape';
import { chooseTrial } from '../transform/value-trial';
import { namesColumn } from './statements/names-column';
import type { MappingWork } from './mapping-work';
import { findColumn, findMapping, findRelation, pathOf, refusesNull } from './mapping-work';
import { tableKey } from './key/table-key';
import { baseTypeName } from './statements/type-facts';
import { counted } from '../report/counted';

/** Every column that is loaded, ids first; problems of single columns are reported and the column left out. */
export function compileColumns(work: MappingWork): CompiledColumn[] {
  const id = idColumn(work);
  const columns =
    id === null ? work.mapping.columns : [id, ...work.mapping.columns.filter((one) => one.target !== id.target)];
  return columns.flatMap((column) => compileColumn(work, column, column === id ? work.mapping.id : null) ?? []);
}

/** The id as a column plan; null without one or with a problem. */
function idColumn(work: MappingWork): ColumnPlan | null {
  const { mapping, into, problems } = work;
  if (mapping.id === null) return null;
  const mapped = new Set(mapping.columns.map((column) => column.target));
  const target = mapping.id.column ?? onlyOpenKeyColumn(work);
  if (target === null || (mapped.has(target) && mapping.id.column !== null)) {
    const what =
      target === null
        ? `${tableKey(into)} has no single key column that is left for the new id.`
        : `"${target}" takes the new id and is mapped under columns as well.`;
    problems.error('RP2014', what, { path: pathOf(mapping, 'id'), object: tableKey(into) });
    return null;
  }
  return { target, from: mapping.id.from, steps: [], parentOutOfScope: 'quarantine' };
}

function onlyOpenKeyColumn({ mapping, into }: MappingWork): string | null {
  const mapped = new Set(mapping.columns.map((column) => column.target));
  const open = (into.primaryKey?.columns ?? []).filter((name) => !mapped.has(name));
  return open.length === 1 ? (open[0] as string) : null;
}

function compileColumn(work: MappingWork, plan: ColumnPlan, id: IdPlan | null): CompiledColumn | null {
  const { mapping, from, into, target, problems } = work;
  const path = id === null ? pathOf(mapping, 'columns', plan.target) : pathOf(mapping, 'id');
  const object = `${tableKey(into)}.${plan.target}`;
  const column = findColumn(into, plan.target);
  if (column === undefined) {
    problems.error('RP2005', `${tableKey(into)} has no column "${plan.target}".`, { path, object });
    return null;
  }
  if (column.generated) {
    problems.error('RP2007', `${object} is a generated column.`, { path, object });
    return null;
  }
  const inputs = plan.from.map((name) => findColumn(from, name));
  plan.from.forEach((name, index) => {
    if (inputs[index] === undefined) {
      problems.error('RP2002', `${tableKey(from)} has no column "${name}".`, {
        path,
        object: tableKey(from),
        ...nearestFix(from.columns, name),
      });
    }
  });
  const found = inputs.filter((input): input is Column => input !== undefined);
  if (found.length !== inputs.length || !stepsFine(work, plan, path, object) || !textFine(work, plan, path, object))
    return null;
  const notNull = refusesNull(target, column);
  if (plan.constant === null && notNull)
    problems.error('RP2033', `${object} is NOT NULL, and the constant is NULL.`, { path, object });
  const following = plan.ref === undefined ? null : follow(work, plan, found, path, object);
  if (following === undefined) return null;
  const computed = [id, following?.follows.id ?? null].some((one) => one !== null && one.kind !== 'keep');
  if (!computed && plan.from.length > 1 && plan.steps.length === 0) {
    problems.error('RP2034', `${object} reads ${plan.from.length} columns, but no step combines them.`, {
      path,
      object,
      fix: 'Begin its steps with `concat`.',
    });
    return null;
  }
  const direct = !computed && plan.sql === undefined && plan.constant === undefined && plan.steps.length === 0;
  const uuid = id?.kind === 'uuid_from' || following?.follows.id.kind === 'uuid_from';
  const chosen = chooseCast(direct ? (found[0] as Column).type : uuid ? uuidType : null, column.type);
  if ('impossible' in chosen) {
    problems.error('RP2008', `${object}: ${chosen.impossible}`, { path, object, fix: chosen.fix });
    return null;
  }
  const cast = work.source.server.encoding === 'SQL_ASCII' ? { ...chosen, countsBytes: true } : chosen;
  const namespace = namespaceOf(work, id, following);
  const trial = chooseTrial(cast, isNewer(work, column.type));
  return {
    ...plan,
    type: column.type,
    ...(column.collate === undefined ? {} : { collate: column.collate }),
    notNull,
    identity: column.identity,
    cast: plan.sql === undefined ? cast : { ...cast, raising: true },
    ...(trial === null ? {} : { trial }),
    inputTypes: found.map((input) => baseTypeName(input.type)),
    follows: following?.follows ?? null,
    id,
    ...(namespace === null ? {} : { namespace }),
    ...(following?.keyCasts === undefined ? {} : { keyCasts: following.keyCasts }),
    proof: plan.sql === undefined ? 'independent' : 're-executed',
  };
}

/** Types that newer servers hold more values of: the first version, as `server_version_num`. */
const grown: Readonly<Record<string, number>> = { numeric: 140000, interval: 170000 };

/** True when the source may hold values of the type that the target's older server does not know. */
function isNewer({ source, target }: MappingWork, type: ColumnType): boolean {
  const names = type.shape === undefined ? [baseTypeName(type)] : leavesOf(type.shape).map(({ name }) => name);
  const { versionNum } = target.server;
  return names.some((name) => (grown[name] ?? 0) > versionNum && source.server.versionNum >= (grown[name] ?? 0));
}

/** Casts to types that only a server can spell, where rows are ordered or found by the text: the source spells it, and may raise. */
export function formattedBySource(cast: CastSpec): CastSpec {
  return cast.kind === 'other' || cast.kind === 'jsonb' ? { ...cast, raising: true, atSource: true } : cast;
}

const uuidType: ColumnType = {
  name: 'uuid',
  schema: 'pg_catalog',
  oid: 2950,
  kind: 'base',
  element: null,
  base: null,
  labels: null,
  length: null,
  precision: null,
  scale: null,
  fraction: null,
};

/** The namespace that the uuids of a table are hashed with. */
function uuidNamespace(work: MappingWork, mapping: MappingPlan): string {
  return `rowproof/${work.plan.name}/${tableKey(mapping.target)}`;
}

function namespaceOf(work: MappingWork, id: IdPlan | null, following: Following | null): string | null {
  if (id?.kind === 'uuid_from') return uuidNamespace(work, work.mapping);
  if (following?.follows.id.kind === 'uuid_from') return uuidNamespace(work, following.parent);
  return null;
}

interface Following {
  readonly parent: MappingPlan;
  readonly follows: NonNullable<CompiledColumn['follows']>;
  readonly keyCasts: readonly CastSpec[] | undefined;
}

/** How a column follows its parent's id; null when the parent has none, undefined with a problem. */
function follow(
  work: MappingWork,
  plan: ColumnPlan,
  inputs: readonly Column[],
  path: readonly (string | number)[],
  object: string,
): Following | null | undefined {
  const { problems } = work;
  const parent = findMapping(work.plan, plan.ref as string);
  if (parent === undefined) {
    problems.error('RP2042', `${object} refers to "${plan.ref}", which the plan does not fill.`, { path, object });
    return undefined;
  }
  const source = work.sources[parent.source];
  const relation = source === undefined ? undefined : findRelation(source, parent.from);
  if (parent.id === null || relation === undefined) return null;
  const keys = parent.id.from.map((name) => findColumn(relation, name));
  if (keys.some((key) => key === undefined)) return null;
  const types = keys.map((key) => storedType((key as Column).type));
  const follows = { mapping: parent.name, id: parent.id, keyType: types[0]?.name ?? 'text' };
  if (parent.id.kind === 'keep') return { parent, follows, keyCasts: undefined };
  const given = plan.steps.length > 0 || inputs.length === 0 ? 1 : inputs.length;
  if (given !== types.length) {
    problems.error(
      'RP2015',
      `${object} gives ${counted(given, 'value')}, and the id of ${tableKey(parent.target)} is computed from ${types.length}.`,
      { path, object },
    );
    return undefined;
  }
  const keyCasts: CastSpec[] = [];
  for (const [index, type] of types.entries()) {
    const direct = plan.steps.length === 0 && inputs.length > 0;
    const cast = chooseCast(direct ? (inputs[index] as Column).type : null, type);
    if ('impossible' in cast) {
      problems.error('RP2015', `${object}: ${cast.impossible}`, { path, object, fix: cast.fix });
      return undefined;
    }
    keyCasts.push(formattedBySource(cast));
  }
  return { parent, follows, keyCasts };
}

/** The type without its length or precision: a key that does not fit the parent's column matches no parent anyway. */
function storedType(type: ColumnType): ColumnType {
  const bare = { ...type, length: null, precision: null, scale: null };
  if (type.kind !== 'domain' || type.base === null) return bare;
  return { ...bare, kind: 'base', name: type.base, schema: 'pg_catalog', base: null };
}

function stepsFine(work: MappingWork, plan: ColumnPlan, path: readonly (string | number)[], object: string): boolean {
  let fine = true;
  plan.steps.forEach((step, index) => {
    const parsed = parseStep(step);
    const at = [...path, 'steps', index];
    if ('problem' in parsed) {
      work.problems.error('RP2034', `${object}: ${parsed.problem}`, { path: at, object, fix: parsed.fix });
      fine = false;
    } else if (parsed.transform.inputs === 'many' && index > 0) {
      work.problems.error('RP2034', `${object}: "${step.name}" takes several columns and can only be the first step.`, {
        path: at,
        object,
      });
      fine = false;
    } else {
      const foreign = encodingProblem(parsed, work.source.server.encoding);
      if (foreign === null) return;
      work.problems.error('RP2038', `${object}: ${foreign.problem}`, { path: at, object, fix: foreign.fix });
      fine = false;
    }
  });
  const first = plan.steps[0] === undefined ? undefined : parseStep(plan.steps[0]);
  if (first !== undefined && 'transform' in first && first.transform.inputs === 'one' && plan.from.length > 1) {
    work.problems.error(
      'RP2034',
      `${object}: "${plan.steps[0]?.name}" takes one column, and ${plan.from.length} are read.`,
      {
        path,
        object,
        fix: 'Begin its steps with `concat`.',
      },
    );
    fine = false;
  }
  return fine;
}

function textFine(work: MappingWork, plan: ColumnPlan, path: readonly (string | number)[], object: string): boolean {
  const { encoding } = work.source.server;
  const texts = [plan.constant ?? '', plan.sql ?? ''];
  if (texts.every((text) => canEncode(encoding, text))) return true;
  work.problems.error('RP2038', `${object}: the source database has encoding ${encoding}.`, { path, object });
  return false;
}

function nearestFix(columns: readonly Column[], name: string): { fix?: string } {
  const near = columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  return near === undefined ? {} : { fix: `Did you mean "${near.name}"?` };
}

/** Names of source columns that the plan of a mapping reads anywhere. */
export function readColumns(work: MappingWork): Set<string> {
  const { mapping, from } = work;
  const read = new Set([...mapping.columns.flatMap((column) => column.from), ...(mapping.id?.from ?? [])]);
  const texts = [mapping.where ?? '', ...mapping.columns.map((column) => column.sql ?? '')];
  for (const column of from.columns) {
    if (texts.some((text) => namesColumn(text, column.name))) read.add(column.name);
  }
  return read;
}
