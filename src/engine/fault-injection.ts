/**
 * A rule of following that is broken on purpose, so that the stress test shows that it would notice. A value of the host, which no program that
 * people start sets: the stress test makes its activities with one.
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

/** What may be broken; nothing unless it says so. */
export interface Breakable {
  readonly fault?: Fault | null;
}

export function faulty(host: Breakable, name: Fault): boolean {
  return host.fault === name;
}
