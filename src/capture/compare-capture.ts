import { canonicalJson } from '../plan/canonical-json';
import { tableKey } from '../compile/key/table-key';
import type { CaptureFingerprint, ColumnFacts, NodeFacts, RelationFacts, TriggerFacts } from './fingerprint';

/** Why an apply lease has to stop; the sentence names the object. */
export interface CaptureStop {
  readonly code:
    'gone' | 'columns' | 'triggers' | 'partitions' | 'rewritten' | 'row_security' | 'change_table' | 'server';
  readonly sentence: string;
  /** Captured relations (ids) whose changes may have been missed. */
  readonly relations: readonly number[];
}

/** What came up and does not stop the apply lease. */
export type CaptureNews =
  | { readonly kind: 'new_column' | 'dropped_column'; readonly relation: RelationFacts; readonly column: string }
  | { readonly kind: 'new_table'; readonly table: string };

export interface CaptureComparison {
  readonly stop: readonly CaptureStop[];
  readonly news: readonly CaptureNews[];
  /** True when `now` differs in any way and has to be stored. */
  readonly changed: boolean;
}

/**
 * Compares what the capture stood on with what it stands on now. `reads` tells whether any mapping of a relation reads a column;
 * `truncated` are ids of relations that are read again whole anyway, so that a new relfilenode of theirs is explained.
 */
export function compareCapture(
  before: CaptureFingerprint,
  now: CaptureFingerprint,
  reads: (relation: RelationFacts, column: string) => boolean,
  truncated: readonly number[],
): CaptureComparison {
  const stop: CaptureStop[] = [];
  const news: CaptureNews[] = [];
  if (before.changeTable !== null && now.changeTable !== before.changeTable) {
    const relations = before.relations.flatMap(({ ids }) => ids);
    stop.push({
      code: 'change_table',
      sentence: 'the change log of the source is gone, was replaced, or was emptied',
      relations,
    });
  }
  if (before.server !== now.server) {
    const sentence =
      'the source is another server, or one that was restored or promoted (its system identifier or timeline changed), or restarted while it has unlogged tables';
    stop.push({ code: 'server', sentence, relations: before.relations.flatMap(({ ids }) => ids) });
  }
  const current = new Map(now.relations.map((facts) => [tableKey(facts.relation), facts]));
  for (const was of before.relations) {
    const is = current.get(tableKey(was.relation));
    const table = tableKey(was.relation);
    const add = (code: CaptureStop['code'], what: string): void => {
      stop.push({ code, sentence: `${table}: ${what}`, relations: was.ids });
    };
    if (is === undefined || is.kind === null) {
      add('gone', 'the table was dropped or renamed');
      continue;
    }
    if (is.oid !== was.oid || is.kind !== was.kind) {
      add('gone', 'another relation replaced the table');
      continue;
    }
    compareColumns(was, is, reads, add, news);
    compareTree(
      was.tree,
      is.tree,
      was.ids.every((id) => truncated.includes(id)),
      add,
    );
    compareTriggers(was.triggers, is.triggers, add);
    if (is.rowSecurity && !was.rowSecurity) add('row_security', 'row security was switched on');
  }
  const known = new Set(before.tables);
  news.push(...now.tables.filter((table) => !known.has(table)).map((table) => ({ kind: 'new_table' as const, table })));
  return { stop, news, changed: canonicalJson(before) !== canonicalJson(now) };
}

type Add = (code: CaptureStop['code'], what: string) => void;

function compareColumns(
  was: RelationFacts,
  is: RelationFacts,
  reads: (relation: RelationFacts, column: string) => boolean,
  add: Add,
  news: CaptureNews[],
): void {
  const current = new Map(is.columns.map((column) => [column.name, column]));
  for (const column of was.columns) {
    const now = current.get(column.name);
    current.delete(column.name);
    const read = reads(was, column.name);
    if (now === undefined) {
      if (read) add('columns', `column ${column.name} was dropped or renamed`);
      else news.push({ kind: 'dropped_column', relation: was, column: column.name });
    } else if (read && !sameColumn(column, now)) {
      add('columns', `column ${column.name} was altered`);
    }
  }
  for (const column of current.keys()) news.push({ kind: 'new_column', relation: is, column });
}

/** A label more of an enum is no change: no row that was read has it. One of another name is. */
function sameColumn(was: ColumnFacts, is: ColumnFacts): boolean {
  const labels = new Set(is.labels ?? []);
  const { labels: before, ...left } = was;
  const { labels: _after, ...right } = is;
  return (before ?? []).every((label) => labels.has(label)) && canonicalJson(left) === canonicalJson(right);
}

function compareTree(was: readonly NodeFacts[], is: readonly NodeFacts[], truncated: boolean, add: Add): void {
  const current = new Map(is.map((node) => [node.oid, node]));
  for (const node of was) {
    const now = current.get(node.oid);
    current.delete(node.oid);
    if (now === undefined) add('partitions', `${node.name} was detached or dropped`);
    else if (now.name !== node.name) add('partitions', `${node.name} was renamed`);
    else if (now.parents.join() !== node.parents.join()) add('partitions', `${node.name} was attached or detached`);
    else if (now.links.join() !== node.links.join())
      add('partitions', `${node.name} was detached for a while, and attached again`);
    else if (now.kind !== node.kind) add('partitions', `${node.name} became another kind of relation`);
    else if (now.relfilenode !== node.relfilenode && !truncated)
      add('rewritten', `${node.name} was rewritten (ALTER TABLE, VACUUM FULL or CLUSTER) without a recorded change`);
  }
  for (const node of current.values()) add('partitions', `${node.name} was attached or created`);
}

function compareTriggers(was: readonly TriggerFacts[], is: readonly TriggerFacts[], add: Add): void {
  const key = (trigger: TriggerFacts): string => `${trigger.on} ${trigger.name}`;
  const current = new Map(is.map((trigger) => [key(trigger), trigger]));
  for (const trigger of was) {
    const now = current.get(key(trigger));
    if (now === undefined) add('triggers', `the trigger ${trigger.name} on ${trigger.on} is gone`);
    else if (now.enabled !== trigger.enabled)
      add('triggers', `the trigger ${trigger.name} on ${trigger.on} was disabled`);
    else if (now.digest !== trigger.digest)
      add('triggers', `the trigger ${trigger.name} on ${trigger.on} was altered or was disabled for a while`);
  }
}
