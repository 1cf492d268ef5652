import { differingColumns } from '../../postgres/ledger/proof/proof';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { readSteps } from '../../postgres/ledger/run/step';
import type { Session } from '../../postgres/session';
import { firedTriggers } from '../../rollback/own-objects';

/** Where rows differ, and which triggers fired there: `public.t.updated_at, which trigger touch of public.t may have written`. */
export async function whereRowsDiffer(session: Session, run: LoadedRun): Promise<string[]> {
  const columns = await differingColumns(session, run.run);
  if (columns.length === 0) return [];
  const steps = await readSteps(session, run.run, 'triggers');
  return run.compiled.mappings.flatMap(({ name, target }) => {
    const table = `${target.schema}.${target.name}`;
    const differing = columns.filter(({ mapping }) => mapping === name);
    const fired = firedTriggers(steps.filter(({ detail }) => detail.mapping === name));
    const wrote = fired.length === 0 ? '' : `, which ${fired.join(' or ')} may have written`;
    return differing.map(({ column }) => `${column === '' ? `rows of ${table}` : `${table}.${column}`}${wrote}`);
  });
}
