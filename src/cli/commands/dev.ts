import type { CommandResult, Terminal } from '../terminal';

/** The local PostgreSQL and Temporal for a person to play in. */
export async function dev(terminal: Terminal, action: 'up' | 'down' | 'status'): Promise<CommandResult> {
  const environment = await import('../../dev/environment');
  if (action === 'up') {
    const { state, postgres, temporal } = await environment.devUp({ say: terminal.talk });
    return {
      data: { state, postgres: place(postgres), temporal },
      text: [
        `PostgreSQL  127.0.0.1:${postgres.port}  (log ${postgres.log})`,
        `Temporal    ${temporal.address}  UI ${temporal.uiUrl}`,
        `Stop both with:  rowproof dev down`,
      ].join('\n'),
    };
  }
  if (action === 'down') {
    const stopped = await environment.devDown({ say: terminal.talk });
    return {
      data: { stopped },
      text: stopped.length === 0 ? 'Nothing was running.' : `Stopped ${stopped.join(' and ')}; the data stays.`,
    };
  }
  const { state, postgres, temporal } = environment.devStatus();
  return {
    data: { state, postgres: postgres === null ? null : place(postgres), temporal },
    text: [
      `PostgreSQL  ${postgres === null ? 'not running' : `127.0.0.1:${postgres.port}, pid ${postgres.pid}`}`,
      `Temporal    ${temporal === null ? 'not running' : `${temporal.address}, UI ${temporal.uiUrl}, pid ${temporal.pid}`}`,
      `state       ${state}`,
    ].join('\n'),
  };
}

/** Where PostgreSQL is, without its password. */
function place({ host, port, pid, log }: { host: string; port: number; pid: number; log: string }): object {
  return { host, port, pid, log };
}
