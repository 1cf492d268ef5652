import type { SequenceLeft } from '../contract/compiled';
import type { FindingSummary } from '../contract/run';
import { agreeing, counted } from '../report/counted';

/** A problem or a fact of the data that discovery or the copy saw; counts are exact. Never holds a row value. */
export interface Finding {
  readonly id: string;
  readonly mapping: string | null;
  readonly column: string | null;
  readonly kind: string;
  readonly severity: FindingSummary['severity'];
  readonly rows: number;
  readonly sentence: string;
  readonly choices: readonly string[];
}

const rowChoices = ['quarantine', 'out_of_scope', 'stop'] as const;

/** What each reason kind means, after "N rows". Kinds that are not listed speak for themselves. */
const meanings: Readonly<Record<string, string>> = {
  not_null: 'have no value where the target requires one',
  too_long: 'do not fit the length of the target column',
  too_large: 'are larger than what PostgreSQL sends in one row, about 1 GB',
  precision: 'have more digits than the target column',
  scale: 'have more decimals than the target column',
  enum: 'are not a label of the target enum',
  unknown_value: 'have a value that `map` does not list',
  bad_date: 'match none of the date formats',
  bad_reference: 'have a reference that is not a key of the parent',
  bad_number: 'are not a number in the stated notation',
  out_of_range: 'do not fit the range of the target type',
  bad_boolean: 'have a text that means neither true nor false',
  bad_timestamp: 'are not a timestamp',
  bad_uuid: 'are not a uuid',
  unknown_state: 'are not a US state',
  no_match: 'do not match the pattern',
  not_midnight: 'have a time of day that a date would lose',
  cast_integer: 'are not a whole number',
  cast_number: 'are not a number',
  cast_boolean: 'are not a boolean',
  cast_date: 'are not an ISO date',
  cast_timestamp: 'are not an ISO timestamp',
  cast_timestamptz: 'are not an ISO timestamp with an offset',
  cast_time: 'are not a time of day',
  cast_bytea: 'are not hexadecimal bytes',
  cast_json: 'are not JSON',
  encoding: 'hold bytes or characters that cannot be converted to the encoding of the target',
};

export function reasonFinding(
  reason: { finding: string; column: string; kind: string; transform: string },
  mapping: string,
  rows: number,
): Finding {
  const meaning = meanings[reason.kind] ?? `fail with ${reason.kind} in ${reason.transform}`;
  return rowsFinding({ id: reason.finding, mapping, column: reason.column, kind: reason.kind, rows, meaning });
}

/** Rows with a value that the target's type refuses, or would store as another: the target itself was asked. */
export function refusedFinding(id: string, mapping: string, column: string, kind: string, rows: number): Finding {
  const meaning =
    refusals[kind] ??
    meanings[kind] ??
    (kind.startsWith('cast_')
      ? 'are not valid for the type of the target column'
      : `are refused with ${kind} by the target`);
  return rowsFinding({ id, mapping, column, kind: 'refused', rows, meaning });
}

/** What the kinds mean where the target was asked. */
const refusals: Readonly<Record<string, string>> = {
  check: 'break a CHECK of the domain that the target column has',
  precision: 'would be rounded or cut by the type of the target column',
  encoding: 'hold characters that the encoding of the target does not have',
};

/** Rows for which the source raises an error instead of computing them: the plan's own SQL, or a cast without a test. */
export function raisingRowsFinding(id: string, mapping: string, column: string | null, rows: number): Finding {
  return rowsFinding({
    id,
    mapping,
    column,
    kind: 'raised',
    rows,
    meaning: 'raise an error while the source computes them',
  });
}

export function uniqueFinding(
  unique: { finding: string; columns: readonly string[]; name: string },
  mapping: string,
  rows: number,
): Finding {
  const meaning = `repeat a value that ${unique.name} requires to be unique; the row with the lowest source key stays`;
  return rowsFinding({ id: unique.finding, mapping, column: unique.columns.join('+'), kind: 'unique', rows, meaning });
}

export function orphanFinding(
  reference: { finding: string; columns: readonly string[] },
  mapping: string,
  parent: string,
  rows: number,
): Finding {
  const meaning = `refer to a row of ${parent} that does not exist`;
  return rowsFinding({
    id: reference.finding,
    mapping,
    column: reference.columns.join('+'),
    kind: 'orphan',
    rows,
    meaning,
  });
}

export function checkFinding(
  check: { finding: string; name: string; columns: readonly string[] },
  mapping: string,
  rows: number,
): Finding {
  const meaning = `break CHECK ${check.name} of the target`;
  return rowsFinding({
    id: check.finding,
    mapping,
    column: check.columns.join('+') || null,
    kind: 'check',
    rows,
    meaning,
  });
}

/** Rows that follow a parent need no decision: they are counted apart. */
export function followerFinding(id: string, mapping: string, column: string, kind: string, rows: number): Finding {
  const why = kind === 'parent_out_of_scope' ? 'is out of scope' : 'is quarantined';
  return {
    id,
    mapping,
    column,
    kind,
    severity: 'note',
    rows,
    sentence: `${counted(rows, 'row')} whose parent ${why}; they follow it.`,
    choices: [],
  };
}

export function scopeFinding(mapping: string, rows: number): Finding {
  return {
    id: `${mapping}.where.scope_unknown`,
    mapping,
    column: null,
    kind: 'scope_unknown',
    severity: 'decide',
    rows,
    sentence: `${counted(rows, 'row')} for which \`where\` is neither true nor false; they are left out of scope.`,
    choices: ['out_of_scope', 'stop'],
  };
}

/** `writes` are columns that the plan loads and the trigger sets: with `fire` the proof would hold its values against the source's. */
export function triggerFinding(mapping: string, trigger: string, writes: readonly string[] = []): Finding {
  const sentence =
    writes.length === 0
      ? `The target table has the trigger ${trigger}: disable it while rows are loaded, or let it fire for every row.`
      : `The target table has the trigger ${trigger}, which writes ${listed(writes)}: disable it while rows are loaded. It cannot fire, because ` +
        `the plan loads ${listed(writes)} from the source, and no row would be proved; leave ${writes.length === 1 ? 'that column' : 'those columns'} ` +
        `to the trigger (\`ignore\`) to let it fire.`;
  return {
    id: `${mapping}.${trigger}.trigger`,
    mapping,
    column: null,
    kind: 'trigger',
    severity: 'decide',
    rows: 0,
    sentence,
    choices: writes.length === 0 ? ['disable', 'fire', 'stop'] : ['disable', 'stop'],
  };
}

/** A sequence beside those of mapped columns that the run leaves where it stands. */
export function sequenceFinding(left: SequenceLeft): Finding {
  const name = `${left.sequence.schema}.${left.sequence.name}`;
  const forbidden = left.why === 'not_permitted';
  const sentence = forbidden
    ? `The sequence ${name} of the target may not be set, or the sequence that it follows may not be read: its next number may already be in use.`
    : left.side === 'target'
      ? `No source has a sequence for ${name} of the target; its position stays as it is.`
      : `The target has no sequence for ${name} of ${left.side}; its position stays behind.`;
  return {
    id: left.finding,
    mapping: null,
    column: null,
    kind: 'sequence',
    severity: forbidden ? 'decide' : 'note',
    rows: 0,
    sentence,
    choices: forbidden ? ['accept', 'stop'] : [],
  };
}

/** A materialized view that the run does not refresh. */
export function viewFinding(view: string, why: string): Finding {
  return {
    id: `${view}.view`,
    mapping: null,
    column: null,
    kind: 'view',
    severity: 'note',
    rows: 0,
    sentence: `The materialized view ${view} is not refreshed: ${why}.`,
    choices: [],
  };
}

const droppedMeanings: Readonly<Record<string, readonly [one: string, many: string, meaning: string]>> = {
  offset: ['has an offset other than UTC', 'have an offset other than UTC', '; the moment is kept, the offset is not'],
  trailing_blanks: ['ends in blanks', 'end in blanks', ', which do not count in that type'],
  xml_declaration: [
    'has a document with an XML declaration',
    'have a document with an XML declaration',
    ', which is not printed inside an array',
  ],
  duplicate_keys: ['repeats a key of a JSON object', 'repeat a key of a JSON object', ', and jsonb keeps the last one'],
};

/** What the type of the target column leaves out of a value; nothing to decide, and known before the copy. */
export function droppedFinding(mapping: string, column: string, kind: string, rows: number): Finding {
  const [one, many, meaning] = droppedMeanings[kind] ?? [kind, kind, ''];
  return {
    id: `${mapping}.${column}.${kind}`,
    mapping,
    column,
    kind: 'dropped',
    severity: 'note',
    rows,
    sentence: `${counted(rows, 'row')} ${agreeing(rows, one, many)}${meaning}.`,
    choices: [],
  };
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** A CHECK that may look at other tables. */
export function asideFinding(mapping: string, rule: string): Finding {
  return {
    ...untriedFinding(mapping, rule),
    sentence: `CHECK ${rule} may look at other tables: it is set aside for the load, and rows that break it are found when all tables are loaded.`,
  };
}

export function untriedFinding(mapping: string, rule: string): Finding {
  return {
    id: `${mapping}.${rule}.untried`,
    mapping,
    column: null,
    kind: 'untried',
    severity: 'note',
    rows: 0,
    sentence: `${rule} could not be tried before the copy; rows that break it are found while copying.`,
    choices: [],
  };
}

/** Findings with one id, as of a domain that several columns have, as one. */
export function onceEach(findings: readonly Finding[]): Finding[] {
  const byId = new Map<string, Finding[]>();
  for (const finding of findings) byId.set(finding.id, [...(byId.get(finding.id) ?? []), finding]);
  return [...byId.values()].map((same) => {
    const [first, ...more] = same as [Finding, ...Finding[]];
    if (more.length === 0) return first;
    const rows = same.reduce((sum, finding) => sum + finding.rows, 0);
    const sentence = first.sentence.replace(/^[\d,]+ rows?/, counted(rows, 'row'));
    return { ...first, column: null, rows, sentence };
  });
}

function rowsFinding(facts: {
  id: string;
  mapping: string;
  column: string | null;
  kind: string;
  rows: number;
  meaning: string;
}): Finding {
  const { id, mapping, column, kind, rows, meaning } = facts;
  return {
    id,
    mapping,
    column,
    kind,
    severity: 'decide',
    rows,
    sentence: `${counted(rows, 'row')} ${rows === 1 ? ofOne(meaning) : meaning}.`,
    choices: rowChoices,
  };
}

const verbsOfOne: Readonly<Record<string, string>> = {
  are: 'is',
  have: 'has',
  do: 'does',
  match: 'matches',
  would: 'would',
};

/** What is said of rows, said of one: the verb comes first. */
function ofOne(meaning: string): string {
  const [verb = '', ...rest] = meaning.split(' ');
  return [verbsOfOne[verb] ?? `${verb}s`, ...rest].join(' ');
}
