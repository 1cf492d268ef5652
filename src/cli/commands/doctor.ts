import pc from 'picocolors';
import { connectionsOf } from '../../plan/resolve/connections';
import { parsePlan } from '../../plan/parse-plan';
import { RowproofError } from '../../errors/rowproof-error';
import { exitCodes } from '../exit-codes';
import { planArgument } from '../plan-argument';
import type { CommandResult, Terminal } from '../terminal';
import { connectTemporal, somebodyPolls } from '../temporal';
import { defaultTaskQueue } from '../../contract/task-queues';
import { temporalIsConfigured } from '../../worker/temporal-connection';

interface Finding {
  readonly subject: string;
  readonly ok: boolean;
  readonly says: string;
}

/** Looks at what rowproof needs here: Node, PostgreSQL binaries, Temporal, workers, and the connections of a plan. Changes nothing. */
export async function doctor(terminal: Terminal, planPath: string | undefined): Promise<CommandResult> {
  const findings: Finding[] = [
    { subject: 'node', ok: supportedNode(process.versions.node), says: process.versions.node },
    await look('postgres', postgresBinaries),
    await look('temporal', () => temporalServer(terminal)),
    ...(planPath === undefined ? [] : await planConnections(terminal, planPath)),
  ];
  const ok = findings.every((finding) => finding.ok);
  return {
    exit: ok ? exitCodes.ok.code : exitCodes.environment.code,
    data: { ok, findings },
    text: findings
      .map(({ subject, ok: good, says }) => `${good ? pc.green('✓') : pc.red('✗')} ${subject.padEnd(16)} ${says}`)
      .join('\n'),
  };
}

async function look(subject: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { subject, ok: true, says: await work() };
  } catch (error) {
    const says =
      error instanceof RowproofError
        ? `${error.problems[0]?.what} ${error.problems[0]?.fix} (${error.code})`
        : 'unexpected error';
    return { subject, ok: false, says };
  }
}

async function postgresBinaries(): Promise<string> {
  const { findPostgres } = await import('../../dev/find-postgres');
  const { clusterOwner } = await import('../../dev/unprivileged-user');
  const found = await findPostgres(clusterOwner());
  const [best] = found;
  return best === undefined
    ? 'no server binaries here; the local environment fetches them when it is first started'
    : `server binaries ${best.version}`;
}

async function temporalServer(terminal: Terminal): Promise<string> {
  const { devStatus } = await import('../../dev/environment');
  if (!temporalIsConfigured(terminal.env) && devStatus().temporal === null) {
    return 'none configured; `rowproof run PLAN` starts a local one';
  }
  const temporal = await connectTemporal(terminal, { start: false });
  try {
    const polled = await somebodyPolls(temporal, defaultTaskQueue);
    return `${temporal.address}, namespace ${temporal.namespace}${temporal.local ? ', local' : ''}; ${polled ? 'a worker polls' : 'no worker polls'} ${defaultTaskQueue}`;
  } finally {
    await temporal.close();
  }
}

async function planConnections(terminal: Terminal, planPath: string): Promise<Finding[]> {
  const file = planArgument(terminal.cwd, planPath);
  const { plan, problems } = parsePlan(file.text, file.file);
  if (plan === null) throw new RowproofError(problems);
  const { sources, target } = connectionsOf(plan);
  const { withSession } = await import('../../engine/run/read-plan');
  const all = [...Object.entries(sources), ['target', target] as const];
  const reached = await Promise.all(
    all.map(([name, spec]) =>
      look(name, () =>
        withSession(spec, terminal.env, 'doctor', (session) =>
          Promise.resolve(`reached, server ${Math.floor(session.serverVersion / 10000)}`),
        ),
      ),
    ),
  );
  if (!reached.every(({ ok }) => ok)) return reached;
  return [...reached, await look('rights', () => targetRights(terminal, file))];
}

/** Whether the role may make on the target what a run of this plan makes, and make again what it takes away. */
async function targetRights(terminal: Terminal, file: ReturnType<typeof planArgument>): Promise<string> {
  const { compile, readPlan } = await import('../../engine/run/read-plan');
  const { tryTarget } = await import('../../engine/run/check-plan');
  const read = await readPlan(file, terminal.env);
  const problems = await tryTarget(read, compile(read).compiled, terminal.env);
  if (problems.length > 0) throw new RowproofError(problems);
  return 'the target takes a ledger, and everything that a run drops can be restored';
}

function supportedNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 3);
}
