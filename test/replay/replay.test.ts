import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import { workflowBundlePath } from '../../src/worker/this-build';
import { recordedHistories, releasedVersions, releasesFolder, type RecordedHistory } from './histories';

/** The bundle of the build: dist/, because src/ has none beside it. */
const bundle = readFileSync(workflowBundlePath({}).replace(/workflow-bundle\.js$/, 'dist/workflow-bundle.js'), 'utf8');
const histories = recordedHistories();

beforeAll(() => {
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) };
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined), telemetryOptions: { logging } });
});

async function failures(code: string, chosen: readonly RecordedHistory[]): Promise<string[]> {
  const failed: string[] = [];
  const results = Worker.runReplayHistories(
    { workflowBundle: { code } },
    chosen.map(({ name, history }) => ({ workflowId: name, history })),
  );
  for await (const { workflowId, error } of results) if (error !== undefined) failed.push(workflowId);
  return failed;
}

describe('histories that Temporal recorded of real runs', () => {
  it('are of every workflow and of every turn a run can take', () => {
    const names = histories.map(({ name }) => name);
    for (const scenario of ['complete', 'steered', 'blocked', 'undone', 'continued', 'followed', 'frozen'])
      expect(names).toContain(`${scenario}/migration-1`);
    expect(names).toEqual(
      expect.arrayContaining(['complete/discovery-1', 'complete/validation-1', 'undone/rollback-1']),
    );
    const textOf = (name: string): string => histories.find((recorded) => recorded.name === name)?.text ?? '';
    expect(textOf('continued/batchCopy-1')).toContain('EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW');
    expect(textOf('blocked/batchCopy-1')).toContain('"signalName":"resolution"');
    expect(textOf('steered/migration-1')).toMatch(/"name":"pause".*"signalName":"resume"/);
    expect(textOf('undone/migration-1')).toContain('"type":"RolledBack"');
    for (const child of ['captureMonitor-1', 'cutover-1', 'cutover-2', 'cutover-3', 'delta-1', 'migration-1'])
      expect(names).toContain(`followed/${child}`);
    expect(textOf('followed/migration-1')).toMatch(/"name":"drill".*"name":"approve".*"name":"approve"/);
  });

  it('replay on the workflows of today', async () => {
    expect(await failures(bundle, histories)).toEqual([]);
  });

  it('do not replay on a workflow that does its steps in another order', async () => {
    const changed = bundle.replace('await long.prepareTarget(run.ref)', 'await long.settle(run.ref)');
    expect(changed).not.toBe(bundle);
    const roots = histories.filter(({ name }) => name.endsWith('/migration-1'));
    expect((await failures(changed, roots)).sort()).toEqual(roots.map(({ name }) => name).sort());
  });

  it('hold no address, password, host or file name', () => {
    for (const { name, text } of histories) {
      const payloads = [...text.matchAll(/"data":"([A-Za-z0-9+/=]+)"/g)].map(([, data]) =>
        Buffer.from(data ?? '', 'base64').toString('utf8'),
      );
      const found = /postgres(ql)?:\/\/|password|\/tmp\/|\/home\/|Customer \d/.exec([text, ...payloads].join('\n'));
      expect([name, found?.[0]]).toEqual([name, undefined]);
    }
  });
});

describe('histories of releases', () => {
  const kept = recordedHistories(releasesFolder);

  it('are kept for each release that the changelog names (else run `npm run keep-histories`)', () => {
    expect(releasedVersions('## [Unreleased]\n\n## [0.2.0] - 2027-01-01\n\n## [0.1.0]\n')).toEqual(['0.2.0', '0.1.0']);
    const versions = new Set(kept.map(({ name }) => name.split(/[\\/]/)[0]));
    const released = releasedVersions(readFileSync(join(__dirname, '..', '..', 'CHANGELOG.md'), 'utf8'));
    expect(released.filter((version) => !versions.has(version))).toEqual([]);
  });

  it('replay on the workflows of today', async () => {
    expect(await failures(bundle, kept)).toEqual([]);
  });
});

describe('the workflow bundle of the build', () => {
  it('is the same wherever and whenever it is built: no path, no process', () => {
    const encoded = bundle.slice(bundle.lastIndexOf('base64,') + 'base64,'.length);
    const map = Buffer.from(encoded, 'base64').toString('utf8');
    expect(JSON.parse(map)).toMatchObject({ version: 3, file: 'workflow-bundle.js' });
    for (const text of [bundle, map]) {
      expect(text).not.toMatch(/dist-next-\d+/);
      expect(text).not.toContain(process.cwd());
    }
  });

  it('holds none of the translations that a library brings', () => {
    expect([...new Set(bundle.match(/zod\/v4\/locales\/\w+/g))]).toEqual(['zod/v4/locales/en']);
  });
});
