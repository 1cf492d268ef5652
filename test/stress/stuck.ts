import type { Client } from '@temporalio/client';
import { connected } from './oracle';
import type { Place } from './servers';

/** What a run that does not come to its end waits for: activities of open workflows, sessions, engines. Sentences for the log. */
export async function whatHangs(temporal: Client, taskQueue: string, place: Place): Promise<string[]> {
  const parts = [
    () => activities(temporal, taskQueue),
    () => sessions(place, 'source'),
    () => sessions(place, 'target'),
  ];
  const said: string[] = [];
  for (const part of [...parts, () => leases(place)])
    said.push(...(await part().catch((error: unknown) => [`(not known: ${String(error)})`])));
  return said;
}

async function activities(temporal: Client, taskQueue: string): Promise<string[]> {
  const said: string[] = [];
  const query = `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running'`;
  await temporal.connection.withDeadline(Date.now() + 10_000, async () => {
    for await (const { workflowId } of temporal.workflow.list({ query })) {
      const { raw } = await temporal.workflow.getHandle(workflowId).describe();
      const pending = (raw.pendingActivities ?? []).map(
        ({ activityType, attempt, state, lastFailure, lastWorkerIdentity }) =>
          `${activityType?.name ?? ''} attempt ${attempt ?? 0} state ${state ?? ''} on ${lastWorkerIdentity ?? 'nobody'} ${lastFailure?.message ?? ''}`,
      );
      const task = raw.pendingWorkflowTask ? `workflow task attempt ${raw.pendingWorkflowTask.attempt ?? 0}` : '';
      said.push(`open: ${workflowId} ${[...pending, task].filter(Boolean).join('; ')}`);
    }
  });
  return said;
}

const ours = `select pid::text, application_name as name, state, concat_ws('/', wait_event_type, wait_event) as waits,
  date_trunc('second', now() - xact_start)::text as open, date_trunc('second', now() - query_start)::text as since, left(query, 90) as query
  from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() order by application_name`;

function sessions(place: Place, side: 'source' | 'target'): Promise<string[]> {
  return connected(place.admin[side], async (client) => {
    const { rows } = await client.query<Record<string, string | null>>(ours);
    return rows.map((row) => `${side}: ${Object.values(row).join(' | ').replaceAll(/\s+/g, ' ')}`);
  });
}

function leases(place: Place): Promise<string[]> {
  return connected(place.admin.target, async (client) => {
    const lease = await client.query<{ it: string }>(`select to_jsonb(l)::text as it from rowproof.apply_lease l`);
    const rounds = await client.query<{ it: string }>(
      `select round || ': ' || keys || ' keys in ' || (committed_at - started_at) || ', over at ' || committed_at as it from rowproof.round order by round desc limit 5`,
    );
    const pending = await client.query<{ it: string }>(
      `select count(*) || ' keys pending' as it from rowproof.pending`,
    );
    return [...lease.rows, ...rounds.rows, ...pending.rows].map(({ it }) => it);
  });
}
