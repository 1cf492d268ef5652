import { capturedRelations } from '../../capture/captured-relations';
import {
  captureSites,
  changeTableStatements,
  createRowTrigger,
  createTruncateTrigger,
  enableAlways,
  captureFunction,
  siteNames,
  type CaptureSite,
} from '../../capture/trigger-sql';
import type { CompiledPlan } from '../../contract/compiled';
import { freezeBlock, writeBlockFunction, writeBlockTrigger } from '../../cutover/write-block-sql';
import { qualified } from '../../sql/quote';
import type { ExplainedStatement } from './explain-target';

/** Stands for the name that a run takes from its own id. */
const name = 'run';

/** What a run creates on its sources: the capture before the first row is read, the freeze at the cutover. */
export function explainCapture(compiled: CompiledPlan): ExplainedStatement[] {
  const { plan } = compiled;
  const { pattern } = plan.settings;
  if (pattern === 'copy') return [];
  return Object.keys(plan.sources).flatMap((source) => {
    const relations = capturedRelations(compiled).filter((one) => one.source === source);
    const sites = captureSites(relations);
    if (sites.length === 0) return [];
    const schema = statement(
      source,
      'holds the capture on the source',
      'CREATE SCHEMA IF NOT EXISTS rowproof',
      'none on your tables',
    );
    const capture =
      pattern !== 'hybrid' ? [] : plan.capture === 'logical' ? publication(source, sites) : triggers(source, sites);
    return [schema, ...capture, ...freeze(source, sites)];
  });
}

function triggers(source: string, sites: readonly CaptureSite[]): ExplainedStatement[] {
  const table = `rowproof.change_${name}`;
  return [
    statement(
      source,
      'holds the log of changed keys',
      changeTableStatements(table, name).join(';\n'),
      'none on your tables',
    ),
    ...sites.flatMap((site) => {
      const names = siteNames(name, site);
      const text = [
        createRowTrigger(name, site, site.relation),
        createTruncateTrigger(name, site, site.relation),
        enableAlways(site.relation, names.rowTrigger),
        enableAlways(site.relation, names.truncateTrigger),
      ];
      return [
        statement(source, 'records changed keys', captureFunction(name, site, table), 'none on your tables'),
        statement(source, 'captures changes', text.join(';\n'), shortLock(site)),
      ];
    }),
  ];
}

function publication(source: string, sites: readonly CaptureSite[]): ExplainedStatement[] {
  const tables = sites.map(({ relation }) => qualified(relation)).join(', ');
  return [
    statement(
      source,
      'publishes changes',
      `CREATE PUBLICATION ${name} FOR TABLE ${tables}`,
      `SHARE UPDATE EXCLUSIVE on ${tables}`,
    ),
    statement(
      source,
      'keeps WAL until it is read',
      `SELECT pg_catalog.pg_create_logical_replication_slot('${name}', 'pgoutput')`,
      'none; waits for transactions that are open',
    ),
  ];
}

function freeze(source: string, sites: readonly CaptureSite[]): ExplainedStatement[] {
  const gate = freezeBlock(name, name);
  const text = [writeBlockFunction(gate), ...sites.flatMap(({ relation }) => writeBlockTrigger(gate, relation, true))];
  const tables = sites.map(({ relation }) => qualified(relation)).join(', ');
  return [statement(source, 'stops writers at the cutover', text.join(';\n'), `SHARE ROW EXCLUSIVE on ${tables}`)];
}

function shortLock({ relation }: CaptureSite): string {
  return `SHARE ROW EXCLUSIVE on ${qualified(relation)}, for a moment: it gives up soon and tries again`;
}

function statement(source: string, purpose: string, sql: string, lock: string): ExplainedStatement {
  return { side: 'source', connection: source, mapping: null, purpose, sql, lock };
}
