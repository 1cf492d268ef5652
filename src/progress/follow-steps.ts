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
  if (report.newFindings.join() !== lastReport.findings) return true;
  const changed =
    lagStep(lastReport.lag ?? 0) !== lagStep(report.lag.seconds) ||
    lastReport.throttled !== (report.throttled !== null);
  return changed && Date.parse(now) - Date.parse(lastReport.at) >= backoffSeconds(lastReport.reports) * 1000;
}

function backoffSeconds(reports: number): number {
  if (reports < 50) return 10;
  return reports < 150 ? 300 : 1_800;
}

/** Whether two lists of warnings say the same but for their figures, which change with every look. */
export function sameWarnings(one: string, other: string): boolean {
  const bare = (text: string): string => text.replace(/[\d.,]+/g, '#');
  return bare(one) === bare(other);
}
