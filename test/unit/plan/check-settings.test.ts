import { parsePlan } from '../../../src/plan/parse-plan';

const plan = (capture: string, settings: string): string => `version: 1
name: shop
sources: { old: "\${OLD_URL}" }
target: "\${NEW_URL}"
capture: ${capture}
tables:
  shop.orders: { from: public.orders, id: { keep: no }, columns: { total: amount } }
settings: { ${settings} }
`;
const found = (capture: string, settings: string): string[] =>
  parsePlan(plan(capture, settings), 'p.yaml').problems.map(({ code, what }) => `${code} ${what}`);

describe('settings of a plan that follows its source', () => {
  it('stand as they are documented', () => {
    expect(
      found('triggers', 'pattern: hybrid, switch: { command: [./switch.sh] }, approvers: { cutover: [ben] }'),
    ).toEqual([]);
    expect(found('logical', 'delta: { throttle: { query: select 1, pause_above: 3, abort_above: 9 } }')).toEqual([]);
    expect(found('none', 'pattern: big_bang, cutover: { confirm_switch: true }, switch: "${HOOK}"')).toEqual([]);
  });

  it.each([
    ['none', 'pattern: hybrid', 'RP1025 `pattern: hybrid` follows the source, and `capture: none` captures nothing.'],
    ['triggers', 'pattern: big_bang', 'RP1025 `pattern: big_bang` follows nothing, so `capture: triggers` has no use.'],
    ['logical', 'pattern: copy', 'RP1025 `pattern: copy` follows nothing, so `capture: logical` has no use.'],
    ['none', 'switch: "https://hooks.test"', 'RP1025 `switch` is about a cutover, and `pattern: copy` has none.'],
    ['none', 'cutover: { max_freeze: 3s }', 'RP1025 `cutover` is about a cutover, and `pattern: copy` has none.'],
    ['triggers', 'switch: ftp://hooks.test', 'RP1004 `switch` is not an http address.'],
    ['triggers', 'switch: "https://me:secret@hooks.test"', 'RP1011 A hook contains a password.'],
    [
      'triggers',
      'delta: { throttle: { pause_above: 3 } }',
      'RP1025 `throttle` has a threshold and no `query` that gives a number to compare with it.',
    ],
    ['triggers', 'delta: { throttle: { query: select 1 } }', 'RP1025 `throttle` has a `query` and no threshold.'],
    [
      'triggers',
      'delta: { throttle: { max_replica_lag: 1min, abort_replica_lag: 60s } }',
      'RP1025 `abort_replica_lag` is not above `max_replica_lag`, so rounds would never pause.',
    ],
    [
      'triggers',
      'delta: { throttle: { max_lock_waits: 5, abort_lock_waits: 4 } }',
      'RP1025 `abort_lock_waits` is not above `max_lock_waits`, so rounds would never pause.',
    ],
    [
      'triggers',
      'delta: { throttle: { query: select 1, pause_above: 9, abort_above: 3 } }',
      'RP1025 `abort_above` is not above `pause_above`, so rounds would never pause.',
    ],
    ['triggers', 'approvers: { cutovr: [ben] }', 'RP1003 There is no gate `cutovr`. Did you mean `cutover`?'],
  ])('%s with { %s } is answered', (capture, settings, problem) => {
    expect(found(capture, settings)).toEqual([problem]);
  });
});
