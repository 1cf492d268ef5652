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
import type { DeskState } from './state';
import { parseInput, plainFailure } from '../runtime/input';
import * as messages from './messages';
import { counted } from '../../src/report/counted';

const control = proxyActivities<Activities>(options.quick);

/** Installs approve, decide, resolve, drill and abort. A validator refuses with one sentence before anything is recorded. */
export function installUpdates(desk: DeskState): void {
  installApprove(desk);
  installDecide(desk);
  installResolve(desk);
  installDrill(desk);
  installAbort(desk);
}

function refuse(refusal: string | null): void {
  if (refusal !== null) throw plainFailure('Refused', refusal);
}

function installApprove(desk: DeskState): void {
  const parse = (raw: unknown) =>
    parseInput(approveMessage, raw, 'approve', { gate: 'copy', code: desk.view.code, by: 'you', reason: 'why' });
  setHandler(
    messages.approveUpdate,
    async (raw) => {
      const message = parse(raw);
      desk.approval = message;
      const { gate, by, reason, code } = message;
      const body = { gate, by, reason, code, ...givenOverrides(message) };
      await control.recordEvent(desk.requireRun().ref, 'approved', body);
      desk.accepted(`approve ${gate}`, by);
      return `${gate} approved by ${by}.`;
    },
    {
      description:
        'Approve the gate the run waits at: {"gate","code","by","reason"}; the cutover also with "max_freeze" and "books"',
      validator: (raw) => {
        const { approvers } = desk.requireRun();
        const message = parse(raw);
        // first what stands in the way: it may be why no gate waits
        if (message.gate === 'cutover') refuse(refuseCutover(desk.view, desk.paused));
        refuse(refuseOverrides(message, message.gate, desk.view.pattern === 'big_bang'));
        refuse(refuseApproval(message, desk.openGates, desk.approval?.gate ?? null, desk.view.code, approvers));
      },
    },
  );
}

function installDecide(desk: DeskState): void {
  const example = { finding: 'orders.customer_id.orphan', do: 'quarantine', by: 'you', reason: 'why' };
  const parse = (raw: unknown) => parseInput(decideMessage, raw, 'decide', example);
  setHandler(
    messages.decideUpdate,
    async (raw) => {
      const message = parse(raw);
      const findings = chosenFindings(message, desk.view.undecided);
      const chosen = findings.map(({ id }) => id);
      const { missing } = await control.decide(desk.requireRun().ref, message, chosen);
      // refused here and not by the validator: only the ledger knows the limits
      if (missing !== null) throw plainFailure('Refused', missing);
      desk.decisions += 1;
      desk.show({ ...desk.view, undecided: desk.view.undecided.filter(({ id }) => !chosen.includes(id)) });
      desk.accepted(`decide ${message.finding} = ${message.do}`, message.by);
      await lookAgain(desk, message, findings);
      const many = chosen.length > 1 ? ` (${chosen.length} findings)` : '';
      return `${message.finding}${many}: ${message.do}, decided by ${message.by}.`;
    },
    {
      description: 'Decide a finding: {"finding","do","by","reason"}, optionally "expect":{"rows","tolerance"}',
      validator: (raw) => {
        desk.requireRun();
        refuse(refuseDecision(parse(raw), desk.view.undecided));
      },
    },
  );
}

/** Tables that wait for decisions about their bad rows look whether they were these. */
async function lookAgain(
  desk: DeskState,
  { by, reason }: DecideMessage,
  decided: readonly FindingSummary[],
): Promise<void> {
  const waiting = desk.view.blocked.filter(
    ({ what, mapping }) => isBadRowsBlock(what) && decided.some((finding) => finding.mapping === mapping),
  );
  for (const { what } of waiting)
    await desk.tellChildren((child) => child.signal(messages.resolutionSignal, { what, do: 'retry', by, reason }));
}

function installResolve(desk: DeskState): void {
  const parse = (raw: unknown) =>
    parseInput(resolveMessage, raw, 'resolve', { what: 'orders:91', do: 'retry', by: 'you', reason: 'why' });
  setHandler(
    messages.resolveUpdate,
    async (raw) => {
      const message = parse(raw);
      const { what, by, reason } = message;
      await control.recordEvent(desk.requireRun().ref, 'resolved', { what, do: message.do, by, reason });
      const chosen = chosenBlocked(message, desk.view.blocked);
      await desk.tellChildren(async (child) => {
        for (const batch of chosen) await child.signal(messages.resolutionSignal, { ...message, what: batch.what });
      });
      desk.accepted(`resolve ${what} = ${message.do}`, by);
      if (what === captureBlock) return `capture: ${message.do}.`;
      return `${counted(chosen.length, 'blocked batch')}: ${message.do}.`;
    },
    {
      description:
        'Resolve a blocked batch: {"what":"orders:91" or "*","do":"retry" or "quarantine","by","reason"}; a stopped capture: {"what":"capture","do":"resync",…}',
      validator: (raw) => {
        desk.requireRun();
        refuse(refuseResolution(parse(raw), desk.view.blocked));
      },
    },
  );
}

function installDrill(desk: DeskState): void {
  const parse = (raw: unknown) => parseInput(drillMessage, raw, 'drill', { by: 'you', reason: 'why' });
  setHandler(
    messages.drillUpdate,
    async (raw) => {
      const drill = { message: parse(raw), answer: null as string | null };
      desk.drill = drill;
      const { by, reason } = drill.message;
      const body = { by, reason, ...givenOverrides(drill.message) };
      await control.recordEvent(desk.requireRun().ref, 'drill asked for', body);
      desk.accepted('drill', by);
      await condition(() => drill.answer !== null);
      return drill.answer ?? '';
    },
    {
      description:
        'Everything of the cutover up to its commit, then writers are let go: {"by","reason"}, optionally "max_freeze" and "books"',
      validator: (raw) => {
        const message = parse(raw);
        const { approvers } = desk.requireRun();
        refuse(refuseOverrides(message, 'cutover', desk.view.pattern === 'big_bang'));
        refuse(refuseDrillTerms(message, approvers));
        const busy = desk.drill !== null && desk.drill.answer === null;
        refuse(refuseDrill(desk.view, { open: desk.drillsOpen, busy, paused: desk.paused }));
      },
    },
  );
}

function installAbort(desk: DeskState): void {
  const parse = (raw: unknown) => parseInput(abortMessage, raw, 'abort', { by: 'you', reason: 'why' });
  setHandler(
    messages.abortUpdate,
    async (raw) => {
      const message = parse(raw);
      const { by, reason, then = null } = message;
      desk.abort = message;
      if (desk.opening) await whenOpened(desk);
      await control.recordEvent(desk.requireRun().ref, 'aborted', { by, reason, then });
      desk.accepted('abort', by);
      desk.scope?.cancel();
      return 'Aborting: work in flight is stopped, then the run asks or follows the plan.';
    },
    {
      description: 'Stop the run and then ask, roll back or keep: {"by","reason"}, optionally "then"',
      validator: (raw) => {
        parse(raw);
        const idle = (desk.scope === null && !desk.opening) || desk.abort !== null;
        if (desk.forward) refuse('The target is open: from here the run only goes forward.');
        refuse(idle ? 'Nothing is running that could be aborted now.' : null);
      },
    },
  );
}

/** Whoever has just started a run may stop it at once: the abort counts as soon as there is something to stop. */
async function whenOpened(desk: DeskState): Promise<void> {
  await condition(() => !desk.opening);
  if (desk.scope === null) throw plainFailure('Refused', 'The run could not be opened: there is nothing to abort.');
}
