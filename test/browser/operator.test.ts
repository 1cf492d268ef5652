import { join } from 'node:path';
import { findChromium, openBrowser, type TestBrowser } from '../support/browser';
import { createShopBench, shopDecisions, type ShopBench } from '../support/shop-bench';
import { bothSides, startShopWriter } from '../support/shop-writer';
import { startTemporal, type TestTemporal } from '../support/temporal';
import {
  alertOf,
  openUpdateForm,
  pasteable,
  readDetails,
  readResult,
  sendUpdate,
  startInUi,
  submitUpdate,
  updatesOf,
} from '../support/temporal-ui';

const chromium = findChromium();
if (chromium === null) process.stderr.write('The browser tests are skipped: no chromium (CHROMIUM_PATH, PATH).\n');

/** A folder for pictures of the screens, for people who judge them; without one none are kept. */
const pictures = process.env['ROWPROOF_TEST_PICTURES'];

(chromium === null ? describe.skip : describe)('an operator who has the Temporal UI and nothing else', () => {
  let temporal: TestTemporal;
  let bench: ShopBench;
  let browser: TestBrowser;

  beforeAll(async () => {
    temporal = await startTemporal();
    bench = await createShopBench(temporal);
    bench.plan('shop', { settings: 'gates: [copy], on_failure: keep, batch: { rows: 50 }' });
    bench.plan('shop_archive');
    bench.worker();
    browser = await openBrowser(chromium as string);
  });

  afterAll(async () => {
    await browser?.close();
    await bench?.close();
    await temporal?.stop();
  });

  const picture = async (name: string): Promise<void> => {
    if (pictures !== undefined) await browser.page.screenshot({ path: join(pictures, `${name}.png`) });
  };

  const start = (workflowId: string, input: string): Promise<void> =>
    startInUi(browser.page, temporal.uiUrl, {
      taskQueue: bench.taskQueue,
      workflowType: 'migration',
      workflowId,
      input,
    });

  it('starts a migration, decides its findings, approves the copy and sees it proved', async () => {
    const { page } = browser;
    await start('shop-from-ui', '{"plan":"shop"}');

    const details = await readDetails(page, 'NEEDS YOU (2)');
    await picture('1-findings');
    expect(details).toContain('customer.signed_up_on.bad_date: 3 rows match none of the date formats.');
    const offered = (await pasteable(page)).map((json) => JSON.parse(json) as Record<string, unknown>);
    expect(offered.map(({ finding }) => finding)).toEqual([
      'customer.signed_up_on.bad_date',
      'sales_order.customer_id.orphan',
    ]);

    const form = await openUpdateForm(page);
    const listed = await updatesOf(form);
    await picture('2-updates');
    expect(listed).toContain('Approve the gate the run waits at: {"gate","code","by","reason"}');
    for (const name of ['approve', 'decide', 'resolve', 'abort']) expect(listed).toContain(name);
    const [first, second] = offered.map((message) => ({ ...message, by: 'ana', reason: 'known faults' }));
    await submitUpdate(form, 'decide', JSON.stringify({ ...first, finding: 'customer.nope' }));
    const refusal = await alertOf(form);
    await picture('3-refused');
    expect(refusal).toBe(
      'No undecided finding customer.nope. Undecided now: customer.signed_up_on.bad_date, sales_order.customer_id.orphan.',
    );
    await submitUpdate(form, 'decide', JSON.stringify(first));
    await form.waitFor({ state: 'hidden' });
    await readDetails(page, 'NEEDS YOU (1)');
    await sendUpdate(page, 'decide', JSON.stringify(second));

    const gate = await readDetails(page, 'Copy shop now?');
    await picture('4-gate');
    expect(gate).toContain('Last command: decide sales_order.customer_id.orphan = quarantine, by ana');
    const approval = JSON.parse((await pasteable(page))[0] ?? '') as Record<string, unknown>;
    expect(approval).toMatchObject({ gate: 'copy', by: '', reason: '' });
    await sendUpdate(page, 'approve', JSON.stringify({ ...approval, by: 'ben', reason: 'all decided' }));

    const result = await readResult(page, '"verdict"');
    await picture('5-complete');
    expect(result).toMatch(/^\s*\{\s*"verdict": "every row accounted for, every field proved/);
    await page.reload({ waitUntil: 'domcontentloaded' });
    await page.getByText('Completed', { exact: true }).first().waitFor();
    const [{ n }] = (await bench.target.query<{ n: string }>('select count(*) n from shop.sales_order')) as [
      { n: string },
    ];
    expect(Number(n)).toBe(394);
  });

  it('cuts over while the application writes: sees the gate, tries a drill, is refused in red, approves', async () => {
    const live = await createShopBench(temporal);
    const { page } = browser;
    try {
      const settings = 'on_failure: keep, approvers: { cutover: [ben] }, cutover: { max_freeze: 60s }';
      live.plan('live', { capture: 'triggers', decisions: shopDecisions, settings });
      live.worker();
      const writer = await startShopWriter(live);
      await startInUi(page, temporal.uiUrl, {
        taskQueue: live.taskQueue,
        workflowType: 'migration',
        workflowId: 'live-from-ui',
        input: '{"plan":"live"}',
      });
      const gate = await readDetails(page, 'CUT OVER live?');
      await picture('7-cutover-gate');
      expect(gate).toMatch(/CUT OVER live\? +lag \d+\.\d+ s.* · proof green, \d+ s old · \d+ quarantined, all decided/);
      expect(gate).toContain('Writes stop for a few seconds (no drill yet, limit 60.0 s).');
      const offered = async (): Promise<Record<string, unknown>[]> =>
        (await pasteable(page)).map((json) => JSON.parse(json) as Record<string, unknown>);
      const [approval, drill] = (await offered()) as [Record<string, unknown>, Record<string, unknown>];
      expect(approval).toMatchObject({ gate: 'cutover', by: '', reason: '' });
      expect(drill).toEqual({ by: '', reason: '' });

      await sendUpdate(page, 'drill', JSON.stringify({ ...drill, by: 'eva', reason: 'before the night' }));
      const drilled = await readDetails(page, 'Writes stop for about');
      await picture('8-drilled');
      expect(drilled).toMatch(
        /Writes stop for about \d+ s \(drill .* UTC \d+\.\d+ s, \d+\.\d+ s of it for the counts of both sides, limit 60\.0 s\)\./,
      );
      expect(writer.refusedWith()).toBeNull();

      const form = await openUpdateForm(page);
      await submitUpdate(form, 'approve', JSON.stringify({ ...approval, by: 'eva', reason: 'me too' }));
      expect(await alertOf(form)).toBe('eva may not approve cutover; the plan names ben.');
      await picture('9-cutover-refused');
      await submitUpdate(form, 'approve', JSON.stringify({ ...approval, by: 'ben', reason: 'quiet' }));
      await form.waitFor({ state: 'hidden' });

      const result = await readResult(page, '"verdict"');
      await picture('10-cut-over');
      expect(result).toMatch(
        /"verdict": "every row accounted for, every field proved, both sides counted under the freeze; writes stopped/,
      );
      expect(writer.refusedWith()).not.toBeNull();
      await writer.stop();
      const { expected, actual } = await bothSides(live);
      expect(actual).toEqual(expected);
    } finally {
      await live.close();
    }
  }, 400_000);

  it('starts a big bang, which freezes the source first and waits to open the target', async () => {
    const frozen = await createShopBench(temporal);
    const { page } = browser;
    try {
      const settings = 'on_failure: keep, pattern: big_bang';
      frozen.plan('big', { decisions: shopDecisions, settings });
      frozen.worker();
      await startInUi(page, temporal.uiUrl, {
        taskQueue: frozen.taskQueue,
        workflowType: 'migration',
        workflowId: 'big-from-ui',
        input: '{"plan":"big"}',
      });
      const gate = await readDetails(page, '"gate": "cutover"');
      await picture('11-big-bang-gate');
      expect(gate).not.toContain('Update drill');
      await expect(frozen.source.query('delete from public.tbl_order')).rejects.toMatchObject({ code: '25006' });
      const [approval] = (await pasteable(page)).map((json) => JSON.parse(json) as Record<string, unknown>);
      await sendUpdate(page, 'approve', JSON.stringify({ ...approval, by: 'ben', reason: 'all is proved' }));
      expect(await readResult(page, '"verdict"')).toContain('every row accounted for');
      const { expected, actual } = await bothSides(frozen);
      expect(actual).toEqual(expected);
    } finally {
      await frozen.close();
    }
  }, 400_000);

  it('reads in one sentence why a wrong plan name failed, and which plans there are', async () => {
    const { page } = browser;
    await start('wrong-name', '{"plan":"shopp"}');
    const result = await readResult(page, 'no plan named shopp');
    await picture('6-wrong-plan');
    expect(result).toContain('This worker has no plan named shopp. Its plans folder holds: shop, shop_archive.');
    expect(result).not.toMatch(/Activity task failed|stackTrace|\.ts:|\.js:/);
    await page.getByText('Failed', { exact: true }).first().waitFor();
  });

  it('reads in one sentence what a form without input lacks', async () => {
    const { page } = browser;
    await start('no-plan', '{}');
    const result = await readResult(page, 'migration got an input it cannot use');
    expect(result).toContain('Send one JSON object such as');
    expect(result).not.toMatch(/stackTrace|\.ts:|\.js:/);
  });
});
