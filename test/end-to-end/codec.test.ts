import { randomBytes } from 'node:crypto';
import { createShopBench, type ShopBench } from '../support/shop-bench';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { document, eventually, logOf, withClient } from '../support/workbench';

jest.setTimeout(400_000);
let temporal: TestTemporal;
let bench: ShopBench;
const signed = ['--by', 'ana', '--reason', 'known-to-ana'];

beforeAll(async () => {
  temporal = await startTemporal();
  bench = await createShopBench(temporal);
  const keys = `night:${randomBytes(32).toString('base64')}`;
  Object.assign(bench.env, { ROWPROOF_CODEC: 'aes-gcm', ROWPROOF_CODEC_KEYS: keys });
  bench.worker();
  await eventually(() => logOf(bench).includes('this build is current'));
});
afterAll(async () => {
  await bench?.close();
  await temporal?.stop();
});

interface Part {
  readonly [key: string]: unknown;
}

/** Encodings of all payloads, and messages and stacks of all failures, as a history holds them. */
function heldBy(value: unknown, found: { encodings: string[]; failures: string[] }): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  const part = value as Part;
  const metadata = part['metadata'] as Readonly<Record<string, Uint8Array>> | undefined;
  if (metadata?.['encoding'] instanceof Uint8Array) found.encodings.push(Buffer.from(metadata['encoding']).toString());
  if ('stackTrace' in part) found.failures.push(`${String(part['message'])}|${String(part['stackTrace'])}`);
  for (const [key, inner] of Object.entries(part)) if (key !== 'searchAttributes') heldBy(inner, found);
}

async function histories(): Promise<{ encodings: string[]; failures: string[]; text: string }> {
  return withClient(temporal, async (client) => {
    const found = { encodings: [] as string[], failures: [] as string[], text: '' };
    // as they are: a client without the codec cannot even list what has a memo
    const { executions } = await client.workflowService.listWorkflowExecutions({ namespace: temporal.namespace });
    for (const { execution, memo } of executions ?? []) {
      const history = await client.workflow
        .getHandle(execution?.workflowId ?? '', execution?.runId ?? '')
        .fetchHistory();
      heldBy([history, memo], found);
      found.text += JSON.stringify(history, (_key, inner: unknown) =>
        inner instanceof Uint8Array ? Buffer.from(inner).toString('latin1') : inner,
      );
    }
    return found;
  });
}

describe('a run with a payload codec', () => {
  it('is decided, refused, undone and run again, and no history holds plain text', async () => {
    const file = bench.plan('shop', { settings: 'on_failure: ask' });
    const first = await bench.rowproof('run', file, '--output', 'json');
    expect([first.code, document(first)]).toEqual([7, expect.objectContaining({ waiting: true })]);
    const plain = await withClient(temporal, (client) =>
      client.workflow
        .getHandle('shop-1')
        .executeUpdate('abort', { args: [{ by: 'eve', reason: 'plain', then: 'keep' }] })
        .then(
          () => 'taken',
          () => 'refused',
        ),
    );
    expect(plain).toBe('refused');
    for (const finding of ['customer.signed_up_on.bad_date', 'sales_order.customer_id.orphan'])
      expect((await bench.rowproof('decide', finding, 'quarantine', '--run', 'shop-1', ...signed)).stderr).toBe('');
    expect((await bench.rowproof('watch', 'shop-1')).code).toBe(0);
    expect((await bench.rowproof('rollback', 'shop-1', ...signed)).code).toBe(0);
    const again = await bench.rowproof('run', file, '--detach');
    expect(again.code).toBe(0);
    await eventually(async () => (await bench.rowproof('status', 'shop-2')).stdout.includes('waits for 2 decisions'));
    const aborted = await bench.rowproof('abort', 'shop-2', '--then', 'rollback', ...signed);
    expect([aborted.code, aborted.stderr]).toEqual([0, expect.any(String)]);
    expect((await bench.rowproof('watch', 'shop-2')).code).toBe(1);

    const { encodings, failures, text } = await histories();
    expect(encodings.length).toBeGreaterThan(100);
    expect([...new Set(encodings)]).toEqual(['binary/encrypted']);
    expect(failures.length).toBeGreaterThan(0);
    expect([...new Set(failures)]).toEqual(['Encoded failure|']);
    expect(text).not.toMatch(/known-to-ana|bad_date|every row accounted|was rolled back/);
  });

  it('answers from its ledger when it has ended, and is not followed without the keys', async () => {
    const { code, stdout } = await bench.rowproof('status', 'shop-2');
    expect([code, stdout]).toEqual([0, expect.stringContaining('aborted')]);
    const without = { ...bench.env };
    delete bench.env['ROWPROOF_CODEC_KEYS'];
    const refused = await bench.rowproof('watch', 'shop-2');
    Object.assign(bench.env, without);
    expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining('RP4230')]);
  });
});
