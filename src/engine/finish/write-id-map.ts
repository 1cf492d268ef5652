import { bindStatement } from '../../compile/statements/bind-statement';
import { loadedKeys } from '../../compile/key/loaded-keys';
import { copyOut } from '../../postgres/copy-stream';
import { replaceIdMap } from '../../postgres/ledger/quarantine/id-map';
import { changeTarget } from '../../postgres/queries/schema-change/settings';
import { qualified } from '../../sql/quote';
import type { TargetWork } from '../target-work';
import type { Host } from '../host';

/** Old key to new key of every migrated row, for mappings whose ids change; one transaction a mapping, again is harmless. */
export async function writeIdMaps(host: Host, work: TargetWork): Promise<{ rows: number }> {
  let rows = 0;
  for (const mapping of work.mappings) {
    if (mapping.id === null || mapping.id.kind === 'keep') continue;
    const object = qualified(mapping.target);
    const source = await host.databases.source(work.run.compiled, mapping.source, 'id map');
    try {
      rows += await changeTarget(
        work.session,
        work.run.run,
        { object, lockAttempts: 1, onAttempt: work.heartbeat },
        () =>
          replaceIdMap(
            work.session,
            {
              run: work.run.run,
              mapping: mapping.name,
              target: mapping.target,
              targetKey: mapping.targetKey.map((column) => column.name),
            },
            copyOut(source, loadedKeys(bindStatement(mapping.statements.expected, { key: mapping.key })), work.signal),
          ),
      );
    } finally {
      await source.close();
    }
  }
  return { rows };
}
