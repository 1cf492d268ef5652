import type { Verdict } from '../contract/activity-types';
import type { CompiledPlan } from '../contract/compiled';
import type { ReportDocument } from '../contract/report';

/** What the ledger says about a run: the parts of a report before they are put together. */
export interface ReportData extends Pick<
  ReportDocument,
  'differences' | 'batches' | 'blocked' | 'findings' | 'quarantine' | 'adjustments' | 'steps'
> {
  readonly run: {
    readonly run: string;
    readonly plan: string;
    readonly engine: string;
    readonly options: { readonly only?: readonly string[]; readonly sample?: number };
    readonly phase: string;
    readonly outcome: string | null;
    readonly sentence: string | null;
    readonly openedAt: string;
    readonly closedAt: string | null;
    readonly compiled: CompiledPlan;
  };
  readonly proof: readonly Omit<ReportDocument['proof'][number], 'since'>[];
  readonly verdict: Verdict | null;
  readonly verdictReachedAt: string | null;
  readonly checks: readonly {
    readonly kind: string;
    readonly name: string;
    readonly mapping: string | null;
    readonly broken: number;
    readonly finding?: string | null;
    readonly detail: Readonly<Record<string, string | number | boolean | null>>;
  }[];
  readonly phases: readonly {
    readonly phase: string;
    readonly startedAt: string;
    readonly finishedAt: string | null;
  }[];
  readonly decisions: readonly Omit<ReportDocument['decisions'][number], 'asExpected'>[];
  readonly followed: ReportDocument['followed'];
  readonly events: readonly {
    readonly seq: number;
    readonly at: string;
    readonly kind: string;
    readonly body: Readonly<Record<string, unknown>>;
    readonly hash: string;
  }[];
  readonly chain: { readonly intact: boolean; readonly events: number; readonly head: string };
}
