import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { deploymentOf, fleetOf, queueOfBuild } from '../../contract/build-id';
import { fail } from '../../errors/rowproof-error';
import { counted } from '../../report/counted';
import { readDeployment } from '../../worker/deployment';
import { thisBuild } from '../../worker/this-build';
import { exitCodes } from '../exit-codes';
import { connectTemporal, namespaceOf, type TemporalSession } from '../temporal';
import type { CommandResult, Terminal } from '../terminal';

export interface DrainOptions {
  readonly taskQueue: string;
  /** This program's own when absent. */
  readonly build?: string;
  readonly wait?: boolean;
}

const lookEveryMs = 5_000;

/**
 * Says whether the workers of a build may stop: once no workflow that it began is open. Counts them itself, children that outlive
 * their run included. RP4221 while new runs come to the build.
 */
export async function drain(terminal: Terminal, options: DrainOptions): Promise<CommandResult> {
  const build = options.build ?? thisBuild();
  const temporal = await connectTemporal(terminal, { start: false });
  try {
    let lastText = '';
    for (;;) {
      const open = await openOf(temporal, fleetOf(options.taskQueue), build);
      const result = answer(build, open);
      if (open.length === 0 || options.wait !== true) return result;
      if (result.text !== lastText) terminal.talk(result.text);
      lastText = result.text;
      await sleep(lookEveryMs);
    }
  } finally {
    await temporal.close();
  }
}

/** Open workflows that belong to the build, but for children of those. */
async function openOf(temporal: TemporalSession, fleet: string, build: string): Promise<WorkflowExecutionInfo[]> {
  const name = deploymentOf(fleet);
  const deployment = await readDeployment(namespaceOf(temporal), name);
  if (deployment.kind === 'known' && deployment.current === build)
    throw fail('RP4221', `Build ${build} is current: new runs still go to it.`);
  const belongs =
    deployment.kind === 'refused'
      ? `TaskQueue = '${queueOfBuild(fleet, build)}'`
      : `TemporalWorkerDeploymentVersion = '${name}:${build}'`;
  const open = new Map<string, WorkflowExecutionInfo>();
  for await (const one of temporal.client.workflow.list({ query: `${belongs} AND ExecutionStatus = 'Running'` }))
    open.set(one.workflowId, one);
  return [...open.values()].filter(({ workflowId, rootExecution: root }) => {
    const rootId = root?.workflowId ?? workflowId;
    return rootId === workflowId || !open.has(rootId);
  });
}

function answer(build: string, open: readonly WorkflowExecutionInfo[]): CommandResult {
  const data = { build, mayStop: open.length === 0, open: open.map(({ workflowId, type }) => ({ workflowId, type })) };
  if (open.length === 0) return { data, text: `The workers of build ${build} may stop: no workflow of it is open.` };
  return {
    data,
    text: [
      `The workers of build ${build} are needed for ${counted(open.length, 'open workflow')}:`,
      ...open.map(({ workflowId, type, startTime }) => `  ${workflowId}  ${type}, since ${startTime.toISOString()}`),
    ].join('\n'),
    exit: exitCodes.waiting.code,
  };
}
