import type { Client } from '@temporalio/client';

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
