/**
 * Breaks one rule of following on purpose, so that the stress test shows that it would notice. Off unless the environment has both
 * ROWPROOF_FAULT_INJECTION_BUILD=1 and ROWPROOF_FAULT=<name>; nothing else reads either of them.
 *
 * fence: a round compares neither the owner of its apply lease nor where the cursor stands. closed: nor whether its apply lease is still open. gate: a round
 * consumes changes that its snapshot does not see. cursor: the cursor moves before the rows, in a transaction of its own, and is not compared.
 * first: following begins at the snapshot of its first round, not at the one taken when the capture stood. lock: the cutover takes no barrier lock,
 * and nothing is counted before the freeze.
 * freeze: it lets the lock go before it creates the freeze. identity: nothing looks whether the target is still what was proved. books: nothing
 * is counted before the freeze. link: whether a partition was detached for a while is not looked at.
 */
export type Fault =
  'fence' | 'closed' | 'gate' | 'cursor' | 'first' | 'lock' | 'freeze' | 'identity' | 'books' | 'link';

export function faulty(name: Fault): boolean {
  return process.env.ROWPROOF_FAULT_INJECTION_BUILD === '1' && process.env.ROWPROOF_FAULT === name;
}
