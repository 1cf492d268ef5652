import type { Catalog } from '../../contract/catalog';
import type { ResolvedPlan } from '../../contract/resolved-plan';
import { counted } from '../../report/counted';
import { identifier } from '../../sql/quote';
import type { ProblemList } from '../problem-list';
import type { Catalogs } from '../catalogs';

/** What is wrong with a server as such, whatever the tables are. */
export function checkServers(plan: ResolvedPlan, catalogs: Catalogs, problems: ProblemList): void {
  for (const name of Object.keys(plan.sources)) {
    const catalog = catalogs.sources[name];
    if (catalog === undefined) continue;
    checkServer(`source ${name}`, catalog, ['sources', name], problems);
    if (catalog.largeObjects > 0) {
      problems.warning('RP2026', `The source ${name} holds ${counted(catalog.largeObjects, 'large object')}.`, {
        path: ['sources', name],
        object: `source ${name}`,
      });
    }
    const { encoding } = catalogs.target.server;
    if (encoding !== 'UTF8' && encoding !== catalog.server.encoding) {
      problems.warning(
        'RP2039',
        `The target has encoding ${encoding}, the source ${name} has ${catalog.server.encoding}.`,
        {
          path: ['target'],
          object: 'target',
        },
      );
    }
  }
  checkServer('target', catalogs.target, ['target'], problems);
  if (catalogs.target.server.isStandby) {
    problems.error('RP2029', 'The target server is in recovery.', { path: ['target'], object: 'target' });
  }
}

function checkServer(
  object: string,
  { server, preparedTransactions }: Catalog,
  path: string[],
  problems: ProblemList,
): void {
  if (server.versionNum < 130000) {
    problems.error('RP2030', `The ${object} runs PostgreSQL ${Math.floor(server.versionNum / 10000)}.`, {
      path,
      object,
    });
  }
  if (server.encoding === 'SQL_ASCII') {
    problems.warning('RP2031', `The ${object} is a database with encoding SQL_ASCII.`, { path, object });
  }
  if (server.maySilenceLog === false) {
    problems.warning('RP2096', `Values of rows may reach the log of the ${object}'s server.`, {
      path,
      object,
      fix:
        server.versionNum >= 150000
          ? `GRANT SET ON PARAMETER log_min_messages TO ${identifier(server.user)}`
          : 'Before version 15 only a superuser may keep them out: restrict who reads the log.',
    });
  }
  if (preparedTransactions > 0) {
    problems.warning('RP2028', `The ${object} has ${counted(preparedTransactions, 'prepared transaction')}.`, {
      path,
      object,
    });
  }
}
