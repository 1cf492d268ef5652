import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Activities, OpenedRun } from '../src/contract/activity-types';
import { progressReport, type ProgressReport } from '../src/contract/batch-copy';
import {
  abortMessage,
  approveMessage,
  decideMessage,
  pauseMessage,
  resolveMessage,
  type AbortMessage,
  type ApproveMessage,
  type DecideMessage,
  type ResolveMessage,
} from '../src/contract/run';
import { migrationAttributes } from '../src/contract/search-attributes';
import { currentDetails } from '../src/progress/current-details';
import {
  effectiveState,
  newView,
  withBlocked,
  withoutBlocked,
  withTable,
  type RunView,
} from '../src/progress/run-view';
import { refuseApproval } from '../src/progress/approval';
import * as options from './activity-options';
import { workflowTime } from './clock';
import { parseInput, plainFailure } from './input';
import * as messages from './messages';

const control = proxyActivities<Activities>(options.quick);

/** The operator's side of one run: page, commands, gates. Its handlers are installed before anything is awaited. */
export interface ControlDesk {
  view(): RunView;
  change(next: (view: RunView) => RunView): void;
  opened(run: OpenedRun): void;
  /** Waits while the run is paused. */
  whenRunning(): Promise<void>;
  /** Parks at one of `gates`; resolves with the gate that was approved. */
  gate(gates: readonly string[], question: string, sentence: string): Promise<ApproveMessage>;
  /** Resolves after the next accepted `decide`. */
  nextDecision(): Promise<void>;
  /** Runs work that `abort` cancels. */
  abortable<T>(work: () => Promise<T>): Promise<T>;
  aborted(): AbortMessage | null;
  /** Forgets an abort once it was acted on. */
  settleAbort(): void;
  /** Children that get pause, resume and resolve. */
  listen(child: string): void;
  quiet(): void;
}

export function openControlDesk(plan: string): ControlDesk {
  let view = newView(workflowTime(), plan);
  let run: OpenedRun | null = null;
  let paused = false;
  let abort: AbortMessage | null = null;
  let approval: ApproveMessage | null = null;
  let openGates: readonly string[] = [];
  let decisions = 0;
  let scope: CancellationScope | null = null;
  let listeners: string[] = [];
  let shownAttributes = '';

  function show(next: RunView): void {
    view = { ...next, asOf: workflowTime() };
    setCurrentDetails(currentDetails(view));
    showAttributes();
  }

  function showAttributes(): void {
    if (run?.searchAttributes !== true) return;
    const state = effectiveState(view, paused);
    const key = `${view.phase} ${state} ${view.blocked.length}`;
    if (key === shownAttributes) return;
    shownAttributes = key;
    upsertSearchAttributes([
      { key: migrationAttributes.plan, value: view.plan },
      { key: migrationAttributes.phase, value: view.phase },
      { key: migrationAttributes.state, value: state },
      { key: migrationAttributes.blockedBatches, value: view.blocked.length },
    ]);
  }

  function commanded(what: string, by: string): void {
    show({ ...view, lastCommand: `${what}, by ${by}, ${workflowTime().slice(11, 16)} UTC, accepted` });
  }

  function requireRun(): OpenedRun {
    if (run === null)
      throw plainFailure('NotYet', 'The run is still being opened; send the command again in a moment.');
    return run;
  }

  async function record(kind: string, body: Readonly<Record<string, string | number | boolean | null>>): Promise<void> {
    await control.recordEvent(requireRun().ref, kind, body);
  }

  async function toChildren(
    send: (child: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>,
  ): Promise<void> {
    for (const child of listeners) {
      try {
        await send(getExternalWorkflowHandle(child));
      } catch {
        // a child that has just ended needs no message
      }
    }
  }

  const parseApprove = (raw: unknown): ApproveMessage =>
    parseInput(approveMessage, raw, 'approve', { gate: 'copy', code: view.code, by: 'you', reason: 'why' });
  setHandler(
    messages.approveUpdate,
    async (raw) => {
      const message = parseApprove(raw);
      await record('approved', { gate: message.gate, by: message.by, reason: message.reason, code: message.code });
      approval = message;
      commanded(`approve ${message.gate}`, message.by);
      return `${message.gate} approved by ${message.by}.`;
    },
    {
      description: 'Approve the gate the run waits at: {"gate","code","by","reason"}',
      validator: (raw) => {
        const refusal = refuseApproval(
          parseApprove(raw),
          openGates,
          approval?.gate ?? null,
          view.code,
          requireRun().approvers,
        );
        if (refusal !== null) throw plainFailure('Refused', refusal);
      },
    },
  );

  const parseDecide = (raw: unknown): DecideMessage =>
    parseInput(decideMessage, raw, 'decide', {
      finding: 'orders.customer_id.orphan',
      do: 'quarantine',
      by: 'you',
      reason: 'why',
    });
  setHandler(
    messages.decideUpdate,
    async (raw) => {
      const message = parseDecide(raw);
      await control.decide(requireRun().ref, message);
      decisions += 1;
      show({ ...view, undecided: view.undecided.filter((finding) => finding.id !== message.finding) });
      commanded(`decide ${message.finding} = ${message.do}`, message.by);
      return `${message.finding}: ${message.do}, decided by ${message.by}.`;
    },
    {
      description: 'Decide a finding: {"finding","do","by","reason"}, optionally "expect":{"rows","tolerance"}',
      validator: (raw) => {
        const message = parseDecide(raw);
        requireRun();
        const finding = view.undecided.find((known) => known.id === message.finding);
        if (finding === undefined) {
          const open = view.undecided.map((known) => known.id).slice(0, 10);
          throw plainFailure(
            'Refused',
            `No undecided finding ${message.finding}. Undecided now: ${open.join(', ') || 'none'}.`,
          );
        }
        if (!finding.choices.includes(message.do)) {
          throw plainFailure('Refused', `${message.finding} takes ${finding.choices.join(' or ')}, not ${message.do}.`);
        }
      },
    },
  );

  const parseResolve = (raw: unknown): ResolveMessage =>
    parseInput(resolveMessage, raw, 'resolve', { what: 'orders:91', do: 'retry', by: 'you', reason: 'why' });
  setHandler(
    messages.resolveUpdate,
    async (raw) => {
      const message = parseResolve(raw);
      await record('resolved', { what: message.what, do: message.do, by: message.by, reason: message.reason });
      const chosen = view.blocked.filter((batch) => message.what === '*' || batch.what === message.what);
      await toChildren(async (child) => {
        for (const batch of chosen) await child.signal(messages.resolutionSignal, { ...message, what: batch.what });
      });
      commanded(`resolve ${message.what} = ${message.do}`, message.by);
      return `${chosen.length} blocked batch${chosen.length === 1 ? '' : 'es'}: ${message.do}.`;
    },
    {
      description: 'Resolve a blocked batch: {"what":"orders:91" or "*","do":"retry" or "quarantine","by","reason"}',
      validator: (raw) => {
        const message = parseResolve(raw);
        requireRun();
        if (message.what !== '*' && !view.blocked.some((batch) => batch.what === message.what)) {
          throw plainFailure(
            'Refused',
            `${message.what} is not blocked. Blocked now: ${view.blocked.map((batch) => batch.what).join(', ') || 'none'}.`,
          );
        }
      },
    },
  );

  const parseAbort = (raw: unknown): AbortMessage =>
    parseInput(abortMessage, raw, 'abort', { by: 'you', reason: 'why' });
  setHandler(
    messages.abortUpdate,
    async (raw) => {
      const message = parseAbort(raw);
      await record('aborted', { by: message.by, reason: message.reason, then: message.then ?? null });
      abort = message;
      commanded('abort', message.by);
      scope?.cancel();
      return 'Aborting: work in flight is stopped, then the run asks or follows the plan.';
    },
    {
      description: 'Stop the run and then ask, roll back or keep: {"by","reason"}, optionally "then"',
      validator: (raw) => {
        parseAbort(raw);
        requireRun();
        if (scope === null || abort !== null)
          throw plainFailure('Refused', 'Nothing is running that could be aborted now.');
      },
    },
  );

  async function setPaused(raw: unknown, value: boolean): Promise<void> {
    const parsed = pauseMessage.safeParse(raw ?? {});
    const by = parsed.success ? (parsed.data.by ?? 'someone') : 'someone';
    if (paused === value) return;
    paused = value;
    commanded(value ? 'pause' : 'resume', by);
    await toChildren((child) => child.signal(messages.pausedSignal, value));
    if (run !== null) await record(value ? 'paused' : 'resumed', { by });
  }
  setHandler(messages.pauseSignal, (raw) => setPaused(raw, true), {
    description: 'Start no further batch: {"by","reason"}',
  });
  setHandler(messages.resumeSignal, (raw) => setPaused(raw, false), {
    description: 'Go on after pause: {"by","reason"}',
  });

  setHandler(
    messages.progressSignal,
    (raw: ProgressReport) => {
      const report = progressReport.safeParse(raw);
      if (!report.success) return;
      let next = view;
      if (report.data.table) next = withTable(next, report.data.table);
      if (report.data.blocked) next = withBlocked(next, report.data.blocked);
      if (report.data.unblocked !== undefined) next = withoutBlocked(next, report.data.unblocked);
      show(next);
    },
    { description: 'From the children of this run; not for people' },
  );

  setHandler(
    messages.statusQuery,
    () => {
      const { lastCommand: _command, gateQuestion: _question, link: _link, ...status } = view;
      return { ...status, state: effectiveState(view, paused) };
    },
    { description: 'Phase, progress, findings, gates and blocked batches as JSON' },
  );

  show(view);
  return {
    view: () => view,
    change: (next) => show(next(view)),
    opened: (value) => {
      run = value;
    },
    whenRunning: () => condition(() => !paused),
    gate: async (gates, question, sentence) => {
      openGates = gates;
      approval = null;
      show({ ...view, gate: gates[0] ?? null, gateQuestion: question, state: 'waiting', sentence });
      await condition(() => approval !== null);
      openGates = [];
      show({ ...view, gate: null, gateQuestion: null, state: 'running', sentence: 'goes on' });
      return approval as unknown as ApproveMessage;
    },
    nextDecision: async () => {
      const seen = decisions;
      await condition(() => decisions > seen);
    },
    abortable: async (work) => {
      const own = new CancellationScope();
      scope = own;
      try {
        return await own.run(work);
      } finally {
        scope = null;
      }
    },
    aborted: () => abort,
    settleAbort: () => {
      abort = null;
    },
    listen: (child) => {
      listeners = [...listeners, child];
    },
    quiet: () => {
      listeners = [];
    },
  };
}
