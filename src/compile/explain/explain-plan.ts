import type { CompiledMapping, CompiledPlan } from '../../contract/compiled';
import { qualified } from '../../sql/quote';
import { bindStatement } from '../statements/bind-statement';
import { explainCapture } from './explain-capture';
import type { ExplainedStatement } from './explain-target';
import { explainTarget } from './explain-target';
import { findRelation } from '../mapping-work';
import type { Catalogs } from '../catalogs';

/** What `rowproof plan --sql` shows: everything a run executes, and what it costs. Plain JSON. */
export interface Explanation {
  readonly plan: string;
  readonly code: string;
  /** In the order of the run. */
  readonly statements: readonly ExplainedStatement[];
  readonly leftBehind: readonly LeftBehind[];
  readonly tables: readonly TableCost[];
  /** How the estimates come about. */
  readonly basis: readonly string[];
}

interface LeftBehind {
  readonly side: string;
  readonly what: string;
  readonly until: string;
}

interface TableCost {
  readonly mapping: string;
  readonly rows: number;
  /** Bytes of the source table, which the target is taken to need as well. */
  readonly bytes: number;
  /** Bytes of the secondary indexes that are rebuilt, a share of the table for each. */
  readonly indexBytes: number;
  /** Temporary bytes on each side while the proof sorts. */
  readonly sortBytes: number;
  readonly copySeconds: { readonly from: number; readonly to: number };
  readonly proofSeconds: { readonly from: number; readonly to: number };
}

/** Rows a second, slowest and fastest of what was measured on two cores. */
const copyRate = { slow: 100_000, fast: 320_000 };
const proofRate = { slow: 80_000, fast: 300_000 };

const purposes: readonly [keyof CompiledMapping['statements'], string][] = [
  ['scopeCounts', 'counts rows in scope and out of scope'],
  ['counts', 'counts rows that cannot be migrated, and those with each reason'],
  ['keyCheck', 'counts keys that are NULL or not unique'],
  ['trial', 'tries the unique, foreign key and CHECK rules of the target'],
  ['boundaries', 'finds the upper bounds of batches'],
  ['load', 'reads one batch (COPY … TO STDOUT)'],
  ['staged', 'reads one batch whose rows break rules that only the target can evaluate'],
  ['rejected', 'finds the rows of a batch that go to quarantine'],
  ['raw', 'reads a batch again when the target refused it, for the careful path'],
  ['keysOfTargets', 'finds the source keys of rows that settle removes'],
  ['outOfScopeRefs', 'finds parents that are out of scope'],
  ['rawInProofOrder', 'reads the source for the proof'],
  ['expected', 'computes batches of the careful path again in SQL'],
  ['originals', 'exports the original rows of the quarantine'],
];

/** Every statement for each side with the lock it takes, what stays behind, and the disk and time it needs. */
export function explainPlan(compiled: CompiledPlan, catalogs: Catalogs): Explanation {
  const statements = [
    ...explainCapture(compiled),
    ...compiled.mappings.flatMap(explainSource),
    ...explainTarget(compiled, catalogs.target),
  ];
  return {
    plan: compiled.plan.name,
    code: compiled.code,
    statements,
    leftBehind: [
      ...leftOnSource(compiled),
      { side: 'target', what: 'the migrated rows', until: 'a rollback' },
      {
        side: 'target',
        what: 'schema rowproof: the ledger with receipts, quarantine, proofs and events',
        until: '`finish` of the run',
      },
      { side: 'target', what: 'table rowproof.id_map where ids change: old key to new key', until: 'you drop it' },
    ],
    tables: compiled.mappings.map((mapping) => costOf(mapping, compiled, catalogs)),
    basis: [
      'Row and byte counts are the estimates of the source (pg_class), not counted.',
      `Copy: ${copyRate.slow / 1000} to ${copyRate.fast / 1000} thousand rows a second, proof: ${proofRate.slow / 1000} to ${proofRate.fast / 1000} thousand, measured on two cores with rows of 170 bytes; wider rows and more steps take longer.`,
      'Write-ahead log of the target: about the bytes of tables and indexes once more.',
    ],
  };
}

function leftOnSource({ plan }: CompiledPlan): LeftBehind[] {
  const { pattern } = plan.settings;
  if (pattern === 'copy')
    return [{ side: 'source', what: 'nothing: every source transaction is read-only', until: 'never written' }];
  const capture =
    plan.capture === 'logical' ? 'a publication and a replication slot' : 'triggers and the log of changed keys';
  return [
    ...(pattern === 'hybrid' ? [{ side: 'source', what: capture, until: 'the end of the run, or its rollback' }] : []),
    { side: 'source', what: 'after the cutover triggers that refuse writes', until: '`finish` of the run' },
  ];
}

function explainSource(mapping: CompiledMapping): ExplainedStatement[] {
  return purposes
    .filter(([name]) => name !== 'keyCheck' || !mapping.keyProven)
    .map(([name, purpose]) => ({
      side: 'source',
      connection: mapping.source,
      mapping: mapping.name,
      purpose,
      sql: bindStatement(mapping.statements[name], { rows: 100_000 }),
      lock: `ACCESS SHARE on ${qualified(mapping.from)}`,
    }));
}

function costOf(mapping: CompiledMapping, compiled: CompiledPlan, catalogs: Catalogs): TableCost {
  const { estimatedRows: rows, estimatedBytes: bytes } = mapping;
  const secondary =
    findRelation(catalogs.target, mapping.target)?.indexes.filter((index) => !index.primary).length ?? 0;
  const width = rows === 0 ? 0 : bytes / rows;
  const seconds = (rate: { slow: number; fast: number }): { from: number; to: number } => ({
    from: Math.ceil(rows / rate.fast),
    to: Math.ceil(rows / rate.slow),
  });
  return {
    mapping: mapping.name,
    rows,
    bytes,
    indexBytes: secondary * rows * 40,
    sortBytes: Math.round(Math.min(rows, compiled.plan.settings.proof.sliceRows) * width * 1.2),
    copySeconds: seconds(copyRate),
    proofSeconds: seconds(proofRate),
  };
}
