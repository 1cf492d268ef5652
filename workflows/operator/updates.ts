import { condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../../src/contract/activity-types';
import { drillMessage } from '../../src/contract/delta';
import { givenOverrides, refuseOverrides } from '../../src/cutover/overrides';
import {
  abortMessage,
  approveMessage,
  decideMessage,
  resolveMessage,
  type DecideMessage,
  type FindingSummary,
} from '../../src/contract/run';
import { refuseApproval } from '../../src/progress/approval';
import { isBadRowsBlock } from '../../src/progress/blocked';
import { captureBlock } from '../../src/progress/follow-view';
import {
  chosenBlocked,
  chosenFindings,
  refuseCutover,
  refuseDecision,
  refuseDrill,
  refuseDrillTerms,
  refuseResolution,
} from '../../src/progress/refusals';
import * as options from '../runtime/activity-options';
import type { ControlState } from './state';
import { parseInput, plainFailure } from '../runtime/input';
import * as messages from './messages';
import { counted } from '../../src/report/counted';

const control = proxyActivities<Activities>(options.quick);

/** Installs approve, decide, resolve, drill and abort. A validator refuses with one sentence before anything is recorded. */
export function installUpdates(operator: ControlState): void {
  installApprove(operator);
  installDecide(operator);
  installResolve(operator);
  installDrill(operator);
  installAbort(operator);
}

function refuse(refusal: string | null): void {
  if (refusal !== null) throw plainFailure('Refused', refusal);
}

function installApprove(operator: ControlState): void {
  const parse = (raw: unknown) =>
    parseInput(approveMessage, raw, 'approve', { gate: 'copy', code: operator.view.code, by: 'you', reason: 'why' });
  setHandler(
    messages.approveUpdate,
    async (raw) => {
      const message = parse(raw);
      operator.approval = message;
      const { gate, by, reason, code } = message;
      const body = { gate, by, reason, code, ...givenOverrides(message) };
      await control.recordEvent(operator.requireRun().ref, 'approved', body);
      operator.accepted(`approve ${gate}`, by);
      return `${gate} approved by ${by}.`;
    },
    {
      description:
        'Approve the gate the run waits at: {"gate","code","by","reason"}; the cutover also with "max_freeze" and "books"',
      validator: (raw) => {
        const { approvers } = operator.requireRun();
        const message = parse(raw);
        // first what stands in the way: it may be why no gate waits
        if (message.gate === 'cutover') refuse(refuseCutover(operator.view, operator.paused));
        refuse(refuseOverrides(message, message.gate, operator.view.pattern === 'big_bang'));
        refuse(
          refuseApproval(message, operator.openGates, operator.approval?.gate ?? null, operator.view.code, approvers),
        );
      },
    },
  );
}

function installDecide(operator: ControlState): void {
  const example = { finding: 'orders.customer_id.orphan', do: 'quarantine', by: 'you', reason: 'why' };
  const parse = (raw: unknown) => parseInput(decideMessage, raw, 'decide', example);
  setHandler(
    messages.decideUpdate,
    async (raw) => {
      const message = parse(raw);
      const findings = chosenFindings(message, operator.view.undecided);
      const chosen = findings.map(({ id }) => id);
      const { missing } = await control.decide(operator.requireRun().ref, message, chosen);
      // refused here and not by the validator: only the ledger knows the limits
      if (missing !== null) throw plainFailure('Refused', missing);
      operator.decisions += 1;
      operator.show({ ...operator.view, undecided: operator.view.undecided.filter(({ id }) => !chosen.includes(id)) });
      operator.accepted(`decide ${message.finding} = ${message.do}`, message.by);
      await lookAgain(operator, message, findings);
      const many = chosen.length > 1 ? ` (${chosen.length} findings)` : '';
      return `${message.finding}${many}: ${message.do}, decided by ${message.by}.`;
    },
    {
      description: 'Decide a finding: {"finding","do","by","reason"}, optionally "expect":{"rows","tolerance"}',
      validator: (raw) => {
        operator.requireRun();
        refuse(refuseDecision(parse(raw), operator.view.undecided));
      },
    },
  );
}

/** Tables that wait for decisions about their bad rows look whether they were these. */
async function lookAgain(
  operator: ControlState,
  { by, reason }: DecideMessage,
  decided: readonly FindingSummary[],
): Promise<void> {
  const waiting = operator.view.blocked.filter(
    ({ what, mapping }) => isBadRowsBlock(what) && decided.some((finding) => finding.mapping === mapping),
  );
  for (const { what } of waiting)
    await operator.signalChildren((child) =>
      child.signal(messages.resolutionSignal, { what, do: 'retry', by, reason }),
    );
}

function installResolve(operator: ControlState): void {
  const parse = (raw: unknown) =>
    parseInput(resolveMessage, raw, 'resolve', { what: 'orders:91', do: 'retry', by: 'you', reason: 'why' });
  setHandler(
    messages.resolveUpdate,
    async (raw) => {
      const message = parse(raw);
      const { what, by, reason } = message;
      await control.recordEvent(operator.requireRun().ref, 'resolved', { what, do: message.do, by, reason });
      const chosen = chosenBlocked(message, operator.view.blocked);
      await operator.signalChildren(async (child) => {
        for (const batch of chosen) await child.signal(messages.resolutionSignal, { ...message, what: batch.what });
      });
      operator.accepted(`resolve ${what} = ${message.do}`, by);
      if (what === captureBlock) return `capture: ${message.do}.`;
      return `${counted(chosen.length, 'blocked batch')}: ${message.do}.`;
    },
    {
      description:
        'Resolve a blocked batch: {"what":"orders:91" or "*","do":"retry" or "quarantine","by","reason"}; a stopped capture: {"what":"capture","do":"resync",…}',
      validator: (raw) => {
        operator.requireRun();
        refuse(refuseResolution(parse(raw), operator.view.blocked));
      },
    },
  );
}

function installDrill(operator: ControlState): void {
  const parse = (raw: unknown) => parseInput(drillMessage, raw, 'drill', { by: 'you', reason: 'why' });
  setHandler(
    messages.drillUpdate,
    async (raw) => {
      const drill = { message: parse(raw), answer: null as string | null };
      operator.drill = drill;
      const { by, reason } = drill.message;
      const body = { by, reason, ...givenOverrides(drill.message) };
      await control.recordEvent(operator.requireRun().ref, 'drill asked for', body);
      operator.accepted('drill', by);
      await condition(() => drill.answer !== null);
      return drill.answer ?? '';
    },
    {
      description:
        'Everything of the cutover up to its commit, then writers are released: {"by","reason"}, optionally "max_freeze" and "books"',
      validator: (raw) => {
        const message = parse(raw);
        const { approvers } = operator.requireRun();
        refuse(refuseOverrides(message, 'cutover', operator.view.pattern === 'big_bang'));
        refuse(refuseDrillTerms(message, approvers));
        const busy = operator.drill !== null && operator.drill.answer === null;
        refuse(refuseDrill(operator.view, { open: operator.drillsOpen, busy, paused: operator.paused }));
      },
    },
  );
}

function installAbort(operator: ControlState): void {
  const parse = (raw: unknown) => parseInput(abortMessage, raw, 'abort', { by: 'you', reason: 'why' });
  setHandler(
    messages.abortUpdate,
    async (raw) => {
      const message = parse(raw);
      const { by, reason, then = null } = message;
      operator.abort = message;
      if (operator.opening) await whenOpened(operator);
      await control.recordEvent(operator.requireRun().ref, 'aborted', { by, reason, then });
      operator.accepted('abort', by);
      operator.scope?.cancel();
      return 'Aborting: work in flight is stopped, then the run asks or follows the plan.';
    },
    {
      description: 'Stop the run and then ask, roll back or keep: {"by","reason"}, optionally "then"',
      validator: (raw) => {
        parse(raw);
        const idle = (operator.scope === null && !operator.opening) || operator.abort !== null;
        if (operator.forward) refuse('The target is open: from here the run only goes forward.');
        refuse(idle ? 'Nothing is running that could be aborted now.' : null);
      },
    },
  );
}

/** Whoever has just started a run may stop it at once: the abort counts as soon as there is something to stop. */
async function whenOpened(operator: ControlState): Promise<void> {
  await condition(() => !operator.opening);
  if (operator.scope === null) throw plainFailure('Refused', 'The run could not be opened: there is nothing to abort.');
}
