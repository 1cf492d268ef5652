import type { DeltaReport } from '../contract/delta';
import { lagStep } from './follow-view';

/** What the root was told last about the delta. */
export interface LastReport {
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
export function isWorthReporting(lastReport: LastReport, report: DeltaReport, now: string): boolean {
  if (lastReport.at === null) return true;
  // what was decided, or is healed, is told too
  const asked = report.newFindings.join() !== lastReport.findings;
  if (asked && lastReport.reports < maxAtOnce) return true;
  const changed =
    lagStep(lastReport.lag ?? 0) !== lagStep(report.lag.seconds) ||
    lastReport.throttled !== (report.throttled !== null);
  return (changed || asked) && mayReport(lastReport, now);
}

/** After so many reports also what waits for a decision is not told at once any more: something comes and goes. */
const maxAtOnce = 200;

/** Whether the root may hear of something again: within its 2,000 events a week of following has about 1,100. */
export function mayReport(lastReport: Pick<LastReport, 'reports' | 'at'>, now: string): boolean {
  return (
    lastReport.at === null || Date.parse(now) - Date.parse(lastReport.at) >= backoffSeconds(lastReport.reports) * 1000
  );
}

function backoffSeconds(reports: number): number {
  if (reports < 30) return 10;
  if (reports < 100) return 600;
  return reports < 200 ? 3_600 : 14_400;
}

/** Whether two lists of warnings say the same but for their figures, which change with every look. */
export function sameWarnings(one: string, other: string): boolean {
  const bare = (text: string): string => text.replace(/[\d.,]+/g, '#');
  return bare(one) === bare(other);
}
