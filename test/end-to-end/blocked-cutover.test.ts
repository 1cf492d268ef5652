import { createShopBench, shopDecisions, type ShopBench } from '../support/shop-bench';
import { bothSides, startShopWriter, type ShopWriter } from '../support/shop-writer';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { eventually } from '../support/workbench';

const oldProofMs = 3_000;
const ben = ['--by', 'ben', '--reason', 'the night is quiet'];

describe('a cutover while a batch of the copy is blocked', () => {
  let temporal: TestTemporal;
  let bench: ShopBench;
  let writer: ShopWriter;

  beforeAll(async () => {
    temporal = await startTemporal();
    bench = await createShopBench(temporal);
    // rows with a default of the target's own are refused for as long as something holds the note book
    await bench.target.query(`
      create table public.note_book (held boolean not null);
      insert into public.note_book values (true);
      create function shop.note() returns text language plpgsql as $$
      begin
        if (select held from public.note_book) then raise 'the note book is in use' using errcode = '55P03'; end if;
        return 'migrated';
      end $$;
      alter table shop.sales_order add note text default shop.note();`);
    writer = await startShopWriter(bench);
  });
  afterAll(async () => {
    await writer?.stop();
    await bench?.close();
    await temporal?.stop();
  });

  test('is refused by name, and a drill too, with writers free; once the batches are through it happens', async () => {
    bench.worker();
    const file = bench.plan('shop', {
      decisions: shopDecisions,
      capture: 'triggers',
      settings: `on_failure: keep, batch: { rows: 200 }, cutover: { max_proof_age: ${oldProofMs}ms }`,
    });
    const run = bench.start('run', file, '--wait', '--output', 'json');
    const { code, blocked } = await bench.until('shop-1', (status) => status.blocked.length > 0);
    expect(blocked[0]).toMatchObject({ why: expect.stringContaining('55P03') as string });
    const refused = await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben);
    expect([refused.code, refused.stderr]).toEqual([
      4,
      expect.stringMatching(/No cutover while something is blocked: (sales_order:\d+(, )?)+\./),
    ]);
    const drill = await bench.rowproof('cutover', 'shop-1', '--drill', ...ben);
    expect([drill.code, drill.stderr]).toEqual([4, expect.stringContaining('a run that has copied everything')]);
    const told = writer.acknowledged();
    await eventually(() => writer.acknowledged() > told + 20);
    expect(writer.refusedWith()).toBeNull();

    await bench.target.query('update public.note_book set held = false');
    await eventually(async () => {
      await bench.rowproof('resolve', '*', 'retry', ...ben);
      return (await bench.status('shop-1'))?.phase !== 'copy';
    });
    // a proof that is too old by then is made again, once an approval: on a slow machine that may be too old, too
    await bench.until(
      'shop-1',
      ({ gate, follow }) =>
        gate === 'cutover' && follow?.provedAt != null && Date.now() - Date.parse(follow.provedAt) > oldProofMs,
    );
    let over = false;
    void run.ended.then(() => (over = true));
    let approvals = 0;
    await eventually(async () => {
      if ((await bench.status('shop-1'))?.gate === 'cutover') {
        const approved = await bench.rowproof('cutover', 'shop-1', '--code', code, ...ben);
        if (approved.code === 0) approvals += 1;
      }
      return over;
    });
    expect([await run.ended, run.stderr()]).toEqual([0, expect.any(String)]);
    const looks = await bench.target.query<{ ok: boolean; sentence: string }>(
      `select (body ->> 'ok')::boolean as ok, body ->> 'sentence' as sentence from rowproof.event
       where kind = 'checklist' and body ->> 'name' = 'proof' order by seq`,
    );
    expect(looks[0]).toEqual({ ok: false, sentence: expect.stringMatching(/^The proof is green, .* old;/) as string });
    expect(looks.at(-1)).toMatchObject({ ok: true });
    // each approval looks, proves, and looks once more
    expect(looks.length).toBeLessThanOrEqual(2 * approvals);
    const { expected, actual } = await bothSides(bench);
    expect(actual).toEqual(expected);
  });
});
