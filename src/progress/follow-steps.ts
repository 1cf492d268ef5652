import type { DeltaReport } from '../contract/delta';
import { lagStep } from './follow-view';

/** What the root was told last about the delta. */
export interface Told {
  readonly reports: number;
  readonly at: string | null;
  readonly lag: number | null;
  readonly throttled: boolean;
  readonly findings: string;
}

/**
 * Whether the root's page should change. Each report is about five events of a history that may not become long, and a
 * lag that goes up and down over a step would tell without end: so the more was told, the longer until the next one.
 */
export function worthTelling(told: Told, report: DeltaReport, now: string): boolean {
  if (told.at === null) return true;
  // what was decided, or is healed, is told too; reports of workers of before named a finding once
  const tells = report.newFindings.length > 0 || report.quarantined !== undefined;
  const asked = tells && report.newFindings.join() !== told.findings;
  if (asked && told.reports < mostAtOnce) return true;
  const changed =
    lagStep(told.lag ?? 0) !== lagStep(report.lag.seconds) || told.throttled !== (report.throttled !== null);
  return (changed || asked) && mayTell(told, now);
}

/** After so many reports also what waits for a decision is not told at once any more: something comes and goes. */
const mostAtOnce = 200;

/** Whether the root may hear of something again: within its 2,000 events a week of following has about 1,100. */
export function mayTell(told: Pick<Told, 'reports' | 'at'>, now: string): boolean {
  return told.at === null || Date.parse(now) - Date.parse(told.at) >= restSeconds(told.reports) * 1000;
}

function restSeconds(reports: number): number {
  if (reports < 30) return 10;
  if (reports < 100) return 600;
  return reports < 200 ? 3_600 : 14_400;
}

/** Whether two lists of warnings say the same but for their figures, which change with every look. */
export function sameWarnings(one: string, other: string): boolean {
  const bare = (text: string): string => text.replace(/[\d.,]+/g, '#');
  return bare(one) === bare(other);
}
