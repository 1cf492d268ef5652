import type { FollowStatus, FreezeFacts } from '../contract/delta';
import type { RunStatus } from '../contract/run';
import { counted } from '../report/counted';

/** What every screen says of a run that follows its source: lag, proof, freeze. No row values. */

/** `lag 0.4 s · proof green, 6 min old · 2,199 quarantined, all decided`. */
export function existing(status: Pick<RunStatus, 'follow' | 'undecided' | 'asOf'>): string {
  const { follow } = status;
  if (follow === undefined) return '';
  const undecided = status.undecided.length;
  return [
    lagOf(follow),
    follow.provedAt === null ? 'not proved yet' : `proof green, ${age(follow.provedAt, status.asOf)} old`,
    `${group(follow.quarantined)} quarantined, ${undecided === 0 ? 'all decided' : `${counted(undecided, 'finding')} undecided`}`,
  ].join(' · ');
}

/** Bytes of WAL that a server holds back anyway: less is nobody's concern. */
const isWorthReporting = 64 * 2 ** 20;

/** `lag 0.4 s`, with what is behind while there is a backlog, and WAL that a slot holds back. */
export function lagOf(follow: Pick<FollowStatus, 'lag' | 'throttled'>): string {
  const { lag, throttled } = follow;
  return [
    [
      `lag ${seconds(lag.seconds * 1000)}`,
      ...(lag.changes > 0 ? [`${counted(lag.changes, 'change')} behind`] : []),
      ...(lag.walBytes >= isWorthReporting ? [`${group(Math.round(lag.walBytes / 2 ** 20))} MB of WAL held back`] : []),
    ].join(', '),
    ...(throttled === null ? [] : [`throttled: ${throttled}`]),
  ].join(' · ');
}

/** `Writes stop for about 3 s (drill 2026-11-22 20:07 UTC 3.1 s, limit 5.0 s).` */
export function expectedFreeze(follow: Pick<FollowStatus, 'drill' | 'maxFreezeMs'>): string {
  const limit = `limit ${seconds(follow.maxFreezeMs)}`;
  if (follow.drill === null || follow.drill.outcome !== 'drilled')
    return `Writes stop for a few seconds (${follow.drill === null ? 'no drill yet' : 'no drill completed'}, ${limit}).`;
  const { at, freezeMs, reconciliationMs } = follow.drill;
  const about = Math.max(1, Math.round(freezeMs / 1000));
  const counting =
    reconciliationMs === undefined ? '' : `, ${seconds(reconciliationMs)} of it for the counts of both sides`;
  return `Writes stop for about ${about} s (drill ${minute(at)} ${seconds(freezeMs)}${counting}, ${limit}).`;
}

/** `writes stopped 2.8 s at 2026-11-22 20:07 UTC, approved by ben`; of a source that was frozen first, since when they are stopped. */
export function freezeLine(freeze: FreezeFacts): string {
  if (freeze.first === true) return `writes stopped since ${minute(freeze.at)}, before the copy`;
  return `writes stopped ${seconds(freeze.freezeMs)} at ${minute(freeze.at)}, approved by ${freeze.by}`;
}

/** What stands in the way and what somebody should read, a line each. */
export function warningsOf(follow: FollowStatus): string[] {
  return [
    ...(follow.trouble === null ? [] : [`Following is retried: ${follow.trouble}`]),
    ...follow.warnings,
    ...follow.missing.map(
      ({ name, sentence }) => `Not ready for the cutover (${name.replaceAll('_', ' ')}): ${sentence}`,
    ),
  ];
}

/** 420 as `0.42 s`, 3100 as `3.1 s`. */
function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 1000 ? 2 : 1)} s`;
}

/** `6 min`, `3 h`, `40 s`. */
function age(from: string, to: string): string {
  const whole = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
  if (whole < 60) return `${whole} s`;
  return whole < 7_200 ? `${Math.floor(whole / 60)} min` : `${Math.floor(whole / 3600)} h`;
}

function minute(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

function group(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}
