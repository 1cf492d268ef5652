import type { Fault } from '../../src/engine/fault-injection';
import type { Capture, Scenario } from './scenario';

/** A rule that is broken on purpose, what makes that show, and the difference that it then must make. */
export interface FaultRun {
  readonly fault: Fault;
  readonly scenario: Scenario;
  readonly capture: Capture;
  /** Of the rows that nobody but the disturbance writes. */
  readonly shows: RegExp;
}

const lost = (probeRows: string): RegExp =>
  new RegExp(`^(after the switch: )?probe rows ${probeRows} .*: [1-9]\\d* rows lost`, 'm');
const stale = (probeRows: string): RegExp =>
  new RegExp(`^(after the switch: )?probe rows ${probeRows} .* [1-9]\\d* stale, [1-9]\\d* resurrected`, 'm');

const differs = (table: string, what: string): RegExp =>
  new RegExp(`^after the switch: ${table}: [1-9]\\d* ${what}`, 'm');

export const faultRuns: readonly FaultRun[] = [
  // what a stopped process had read comes over what others wrote since
  { fault: 'fence', scenario: 'fence', capture: 'triggers', shows: stale('zombie') },
  // the same once nobody may follow any more
  { fault: 'closed', scenario: 'closed', capture: 'triggers', shows: stale('zombie') },
  // changes count as consumed that the round's snapshot did not see
  { fault: 'gate', scenario: 'gate', capture: 'triggers', shows: lost('behind') },
  { fault: 'gate', scenario: 'gate', capture: 'logical', shows: lost('withheld') },
  // the cursor stands behind rows that a killed process did not write
  { fault: 'cursor', scenario: 'cursor', capture: 'triggers', shows: lost('kill') },
  // what was written while the copy went on is in no round
  { fault: 'first', scenario: 'first', capture: 'triggers', shows: lost('copy') },
  // writes come between the last round and the freeze
  { fault: 'lock', scenario: 'lock', capture: 'triggers', shows: lost('cutover') },
  { fault: 'freeze', scenario: 'lock', capture: 'triggers', shows: lost('cutover') },
  // a partition that was detached, changed and attached again looks as before, and its slot told nothing
  { fault: 'link', scenario: 'link', capture: 'logical', shows: differs('event', 'rows that differ') },
  // the target is not what was proved any more
  { fault: 'identity', scenario: 'identity', capture: 'triggers', shows: differs('side', 'rows that differ') },
  // rows are missing that no round took away
  { fault: 'books', scenario: 'books', capture: 'triggers', shows: differs('journal', 'rows on the source only') },
];
