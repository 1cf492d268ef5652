import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import type { ValidationActivities } from '../../contract/activity-types';
import type { CompiledMapping } from '../../contract/compiled';
import type { SpotCheckPlan } from '../../contract/resolved-plan';
import { replaceChecks, type CheckResult } from '../../postgres/ledger/run/check-result';
import { compareRow, type Expectation } from '../../postgres/queries/proof/spot-check';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { Session } from '../../postgres/session';
import { describeDatabaseError } from '../../postgres/sqlstate';
import { readSpotChecks, type SpotCheck } from '../../validate/spot-check-file';
import { bareTypeName } from '../../transform/value-trial';
import { plansFolder } from '../plans-folder';
import { onTarget } from '../target-work';
import type { ProofHost } from './proof-host';
import { namedState } from '../../errors/sqlstate-names';

type Result = Omit<CheckResult, 'kind' | 'finding'>;

/** Bytes of the file beside the plan, or in the plans folder; nothing outside of that folder is read. */
async function fileBytes(host: ProofHost, run: LoadedRun, file: string): Promise<Buffer | null> {
  const folder = host.plansFolder ?? null;
  if (folder === null) return null;
  const plan = await plansFolder(folder)
    .find(run.compiled.plan.name)
    .catch(() => null);
  const places = [...(plan === null ? [] : [resolve(dirname(plan.file), file)]), resolve(folder, file)];
  for (const place of places) {
    const inside = relative(resolve(folder), place);
    if (inside.startsWith('..') || isAbsolute(inside)) continue;
    const bytes = await readFile(place).catch(() => null);
    if (bytes !== null) return bytes;
  }
  return null;
}

function expectation(
  mapping: CompiledMapping,
  column: string,
  value: string | null,
): Expectation & { comparable: boolean } {
  const type = mapping.columns.find((one) => one.target === column)?.type;
  if (type === undefined) return { column, value, type: null, comparable: false };
  // operators of extension types are outside pg_catalog
  const comparable = type.schema === 'pg_catalog' || type.kind === 'enum' || type.kind === 'domain';
  // with its modifiers: the text of `0.5` in a numeric(10,2) is `0.50`
  return { column, value, type: type.declared ?? bareTypeName(type), comparable };
}

interface Tried {
  broken: number;
  readonly columns: Set<string>;
  problem: string | null;
}

async function tryCheck(session: Session, mapping: CompiledMapping, check: SpotCheck, tried: Tried): Promise<void> {
  const key = Object.entries(check.key).map(([column, value]) => expectation(mapping, column, value));
  const expect = Object.entries(check.expect).map(([column, value]) => expectation(mapping, column, value));
  try {
    const rows = await compareRow(session, mapping.target, key, expect);
    const [row] = rows;
    if (rows.length !== 1 || row === undefined) {
      tried.broken += 1;
      tried.problem ??= rows.length === 0 ? 'no row has the key' : 'several rows have the key';
      return;
    }
    const wrong = expect.filter((_, index) => row[index] !== true);
    for (const { column } of wrong) tried.columns.add(column);
    if (wrong.length > 0) tried.broken += 1;
  } catch (error) {
    const { sqlstate, isConnectionLoss } = describeDatabaseError(error);
    if (sqlstate === null || isConnectionLoss) throw error;
    tried.broken += 1;
    tried.problem ??= `the check cannot be tried: ${namedState(sqlstate)}`;
  }
}

async function runFile(
  host: ProofHost,
  run: LoadedRun,
  session: Session,
  spot: SpotCheckPlan,
  mapping: CompiledMapping,
): Promise<Result> {
  const failed = (problem: string): Result => ({
    name: spot.name,
    mapping: mapping.name,
    broken: 1,
    detail: { problem },
  });
  const bytes = await fileBytes(host, run, spot.file);
  if (bytes === null) return failed('the file is not in the plans folder of this worker');
  if (!isUtf8(bytes)) return failed('the file is not UTF-8');
  const text = bytes.toString('utf8');
  const checks = readSpotChecks(spot.file, text);
  if ('problem' in checks) return failed(checks.problem);
  const tried: Tried = { broken: 0, columns: new Set(), problem: null };
  for (const check of checks) await tryCheck(session, mapping, check, tried);
  return {
    name: spot.name,
    mapping: mapping.name,
    broken: tried.broken,
    detail: { checks: checks.length, columns: [...tried.columns].sort().join(', '), problem: tried.problem },
  };
}

/**
 * Idempotent: reads, then replaces the stored results. Expected values stay in the file and in the statement; only counts and
 * column names are stored.
 */
export function createRunSpotChecks(host: ProofHost): ValidationActivities['runSpotChecks'] {
  return (ref) =>
    onTarget(host, ref, 'spot checks', async ({ run, mappings, session, heartbeat }) => {
      const results: Result[] = [];
      for (const spot of run.compiled.plan.spotChecks) {
        heartbeat();
        const mapping = mappings.find(
          (one) => one.name === spot.mapping || `${one.target.schema}.${one.target.name}` === spot.mapping,
        );
        // a part of the rows or of the tables says nothing about a row that is not in it
        if (mapping === undefined || run.options.sample !== undefined) continue;
        results.push(await runFile(host, run, session, spot, mapping));
      }
      await replaceChecks(session, run.run, 'spot_check', results);
      return { checked: results.length, broken: results.filter((result) => result.broken > 0).length };
    });
}
