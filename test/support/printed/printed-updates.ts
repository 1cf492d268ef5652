import type { Client } from '@temporalio/client';
import type { TestTemporal } from '../temporal';
import { withClient } from '../workbench';

/** An update as the operator's page prints it: its name, and the JSON to paste. */
export interface PrintedUpdate {
  readonly name: string;
  readonly message: Readonly<Record<string, unknown>>;
}

/** Updates and JSON of the page of a run, as a reader takes them from the tab *User Metadata*: a block belongs to the update named last. */
export async function printedUpdates(client: Client, workflowId: string): Promise<PrintedUpdate[]> {
  const metadata = await client.workflow
    .getHandle(workflowId)
    .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  const parts = /[Uu]pdate \*\*(\w+)\*\*|```json\n([\s\S]*?)```/g;
  const found: PrintedUpdate[] = [];
  let name = '';
  for (const [, named, json] of (metadata.currentDetails ?? '').matchAll(parts)) {
    if (named !== undefined) name = named;
    else found.push({ name, message: JSON.parse(json as string) as PrintedUpdate['message'] });
  }
  return found;
}

/** Sends one as it stands, with `by` and `reason` filled in. */
export function paste(client: Client, workflowId: string, { name, message }: PrintedUpdate): Promise<string> {
  const filled = { ...message, by: 'ben', reason: 'pasted' };
  return client.workflow.getHandle(workflowId).executeUpdate<string, [unknown]>(name, { args: [filled] });
}

/** The page of a run, and what is pasted from it. */
export interface RunPage {
  updates(run: string): Promise<PrintedUpdate[]>;
  /** Sends one as it stands, and answers what the run says; undefined where the page does not print it. */
  send(run: string, update: PrintedUpdate | undefined): Promise<string>;
}

export function runPage(temporal: TestTemporal): RunPage {
  return {
    updates: (run) => withClient(temporal, (client) => printedUpdates(client, run)),
    send: (run, update) => {
      if (update === undefined) throw new Error(`the page of ${run} does not print this update`);
      return withClient(temporal, (client) => paste(client, run, update));
    },
  };
}
