import { quietSettings } from '../support/postgres/quiet-settings';
import type { CompiledColumn, CompiledMapping, CompiledPlan, KeyColumn } from '../../src/contract/compiled';
import type { ColumnType, QualifiedName } from '../../src/contract/catalog';
import type { DecisionPlan, ResolvedPlan } from '../../src/contract/resolved-plan';
import type { RunRef } from '../../src/contract/run';
import { createDatabases, type Databases } from '../../src/postgres/databases';
import { createRun, type RunOptions } from '../../src/postgres/ledger/run/run';
import { ensureLedger } from '../../src/postgres/ledger/run/schema';
import { identifier, qualified } from '../../src/sql/quote';
import type { TestDatabase } from '../support/postgres/postgres';

/** Hand-made compiled mappings: what these tests need of them, over tables that the test makes itself. */

function columnType(name: string): ColumnType {
  return {
    name,
    schema: 'pg_catalog',
    oid: 0,
    kind: 'base',
    element: null,
    base: null,
    labels: null,
    length: null,
    precision: null,
    scale: null,
    fraction: null,
  };
}

function keyColumn(name: string, type = 'bigint'): KeyColumn {
  return { name, type: columnType(type), order: type === 'bigint' ? 'integer' : 'bytes' };
}

function column(target: string, from: string): CompiledColumn {
  return {
    target,
    from: [from],
    steps: [],
    parentOutOfScope: 'out_of_scope',
    type: columnType('text'),
    notNull: false,
    identity: '',
    cast: { kind: 'same', raising: false, sourceType: null, target: columnType('text') },
    inputTypes: ['text'],
    follows: null,
    id: null,
    proof: 'independent',
  };
}

export interface MappingSketch {
  readonly name: string;
  readonly target: QualifiedName;
  readonly from?: QualifiedName;
  readonly targetKey: readonly string[];
  readonly columns?: readonly string[];
  readonly more?: Partial<Omit<CompiledMapping, 'name' | 'target'>>;
}

/** A mapping that copies columns of the same names; the source key is the column `k` of the source relation. */
export function mappingOf(sketch: MappingSketch): CompiledMapping {
  const from = sketch.from ?? sketch.target;
  const columns = (sketch.columns ?? sketch.targetKey).map((name) => column(name, name));
  const keyText = `jsonb_build_array("k"::text)::text`;
  const targetKeyText = `jsonb_build_array(${sketch.targetKey.map((name) => `${identifier(name)}::text`).join(', ')})::text`;
  const loaded = columns.map((one) => `${identifier(one.target)}::text`).join(', ');
  const empty = {
    scopeCounts: '',
    keyCheck: '',
    unsendableKeys: '',
    load: '',
    rejected: '',
    counts: '',
    raw: '',
    rawInProofOrder: '',
    actualInProofOrder: '',
  };
  return {
    name: sketch.name,
    source: 'legacy',
    from,
    target: sketch.target,
    encoding: 'UTF8',
    estimatedRows: 0,
    estimatedBytes: 0,
    key: [keyColumn('k')],
    targetKey: sketch.targetKey.map((name) => keyColumn(name, 'text')),
    keyProven: true,
    targetKeyInjective: true,
    where: null,
    only: false,
    id: null,
    columns,
    rawColumns: [],
    reasons: [],
    uniques: [],
    references: [],
    checks: [],
    referencedColumns: [...sketch.targetKey],
    trialColumns: [],
    copyFormat: 'text',
    whenNotEmpty: 'refuse',
    onBadRow: 'quarantine',
    maxBadRows: { rows: null, percent: null },
    rules: {},
    statements: {
      ...empty,
      expected: `select ${keyText}, ${targetKeyText}${loaded === '' ? '' : `, ${loaded}`} from ${qualified(from)} where {{range}}`,
      staged: '',
      actualByKey: '',
      boundaries: '',
      trial: '',
      keysOfTargets: `select ${keyText} as key, ${targetKeyText} as target_key from ${qualified(from)} where ${targetKeyText} = any($1::text[]) order by "k"`,
      outOfScopeRefs: '',
      originals: '',
      preview: '',
    },
    ...sketch.more,
  };
}

function planOf(decisions: readonly DecisionPlan[]): ResolvedPlan {
  const none = {
    url: '${SOURCE_URL}',
    urlFile: null,
    passwordFile: null,
    envPrefix: null,
    tls: { mode: null, caFile: null, certFile: null, keyFile: null },
  };
  return {
    version: 1,
    name: 'crm',
    sources: { legacy: none },
    target: { ...none, url: '${TARGET_URL}' },
    capture: 'none',
    mappings: [],
    decisions,
    spotChecks: [],
    unmappedSourceTables: 'ignore',
    ignoreSourceTables: [],
    settings: {
      ticket: null,
      approvers: {},
      notify: null,
      gates: [],
      onFailure: 'ask',
      batch: { rows: null, bytes: 1, inFlight: 1 },
      profile: null,
      proof: { sliceRows: 1000, workMem: null, maxSnapshotAgeMs: 600_000 },
      ...quietSettings,
      sequenceMargin: 10,
      stallAfterMs: 300_000,
      lockTimeoutMs: 300,
      statementTimeoutMs: 0,
    },
  };
}

export interface TestRun {
  readonly ref: RunRef;
  readonly databases: Databases;
  /** Books rows that the test wrote itself as rows of the run: the xids that they carry go into a receipt. */
  receipt(mapping: string, table: QualifiedName): Promise<void>;
}

/** Opens a run over mappings in the target's ledger. */
export async function openTestRun(
  target: TestDatabase,
  mappings: readonly CompiledMapping[],
  more: { source?: TestDatabase; decisions?: readonly DecisionPlan[]; options?: RunOptions; targetUrl?: string } = {},
): Promise<TestRun> {
  const compiled: CompiledPlan = {
    format: 1,
    plan: planOf(more.decisions ?? []),
    digest: 'd',
    code: '0000-0000',
    engine: 'test',
    mappings,
    sequences: [],
    sequencesLeft: [],
    checksAside: [],
  };
  const databases = createDatabases({
    env: { TARGET_URL: more.targetUrl ?? target.url, SOURCE_URL: (more.source ?? target).url },
    plansFolder: null,
    readPlanTarget: () => Promise.reject(new Error('no plans folder')),
  });
  const session = await databases.ledger({ run: 'none', ledger: 'env:TARGET_URL' }, 'test');
  try {
    await ensureLedger(session);
    const run = await createRun(session, { plan: 'crm', compiled, options: more.options ?? {} });
    const receipts = new Map<string, number>();
    return {
      ref: { run, ledger: 'env:TARGET_URL' },
      databases,
      receipt: async (mapping, table) => {
        const ordinal = receipts.get(mapping) ?? 0;
        receipts.set(mapping, ordinal + 1);
        await target.query(
          `insert into rowproof.batch (run, mapping, ordinal, state, migrated, xids)
           select $1, $2, $3, 'done', count(*), array_agg(distinct xmin::text) from ${qualified(table)}`,
          [run, mapping, ordinal],
        );
      },
    };
  } finally {
    await session.close();
  }
}
