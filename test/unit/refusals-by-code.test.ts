import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedPostgres } from '../../src/dev/embedded-postgres';
import { captureOf } from '../../src/engine/capture/capture-source';
import { leaseRefused } from '../../src/engine/lease';
import { openDatabases } from '../../src/engine/open-databases';
import type { ApplyLease } from '../../src/postgres/ledger/follow/apply-lease';

const codeOf = (work: () => Promise<unknown>): Promise<unknown> =>
  work().then(
    () => 'no error',
    (error: unknown) => (error as { code?: unknown }).code,
  );

describe('what is refused before a database is asked', () => {
  it('a lease of a run that follows nothing, is stopped, closed, or somebody else has', () => {
    const lease = (state: string): ApplyLease => ({ state, owner: 'x', reason: null }) as ApplyLease;
    expect(leaseRefused('crm-1', null).code).toBe('RP5406');
    expect(leaseRefused('crm-1', lease('stopped')).code).toBe('RP5402');
    expect(leaseRefused('crm-1', lease('closed')).code).toBe('RP5403');
    expect(leaseRefused('crm-1', lease('open')).code).toBe('RP5401');
  });

  it('a way of capturing that is not there', async () => {
    const run = { compiled: { plan: { capture: 'timestamp' } } } as unknown as Parameters<typeof captureOf>[0];
    expect(await codeOf(async () => Promise.resolve(captureOf(run)))).toBe('RP5311');
  });

  it('a ledger that is named by a plan which cannot be read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rowproof-plans-'));
    try {
      writeFileSync(join(folder, 'crm.yaml'), 'version: 1\nname: crm\ntables: {}\n');
      const databases = openDatabases({ env: {}, plansFolder: folder });
      expect(await codeOf(() => databases.ledger({ run: 'crm-1', ledger: 'plan:crm' } as never, 'test'))).toBe(
        'RP4209',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('an embedded server for a machine that none is known for', async () => {
    const version = { version: '1.0.0', integrity: {} };
    expect(await codeOf(() => embeddedPostgres('/nowhere', null, () => undefined, version))).toBe('RP8001');
  });
});
