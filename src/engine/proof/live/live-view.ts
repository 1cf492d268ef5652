import type { RunRef } from '../../../contract/run';
import { openQuarantine, refusedByServer, type QuarantineBook } from '../../../postgres/ledger/proof/proof-quarantine';
import type { LoadedRun } from '../../../postgres/ledger/run/run';
import { beginInSnapshot, transactionAgeMs } from '../../../postgres/queries/proof/snapshot';
import type { Session } from '../../../postgres/session';
import { mayRaise } from '../../../profile/raising';
import type { Progress } from '../../heartbeat';
import type { Alignment } from '../../follow/round-contract';
import { alignSerially } from './align-next';
import { createComparison, type Comparison } from '../compare-rows';
import type { ProofHost } from '../proof-host';
import { prepareReading, type Sides } from '../sides';
import { mappingOf } from '../../host';
import { SessionScope } from '../../session-scope';

/** What reads at one alignment: its sessions, and two more on the target. */
export class AlignedView {
  private readonly reconciliation = new Map<string, QuarantineBook>();
  /** A COPY under way ends with its socket only. */
  private readonly onAbort = (): void => {
    for (const { session } of [this.alignment.target, ...this.alignment.sources.values()]) session.destroy();
  };

  private constructor(
    private readonly host: ProofHost,
    private readonly ref: RunRef,
    private readonly run: LoadedRun,
    private readonly alignment: Alignment,
    private readonly sessions: SessionScope,
    /** In the snapshot of the target. */
    readonly lookup: Session,
    private readonly formatter: Session,
    private readonly ageAtStart: number,
    private readonly startedAt: number,
  ) {
    host.signal?.()?.addEventListener('abort', this.onAbort, { once: true });
  }

  static async open(host: ProofHost, ref: RunRef, run: LoadedRun, purpose: string): Promise<AlignedView> {
    // what a retry goes on from stays in the last heartbeat, so the alignment sends none of its own
    const alignment = await alignSerially({ ...host, heartbeat: () => undefined }, ref, purpose);
    const sessions = new SessionScope(host, ref, purpose);
    const { databases } = host;
    sessions.lookAtToo([
      { session: alignment.target.session, another: (why) => databases.ledger(ref, why) },
      ...[...alignment.sources].map(([source, { session }]) => ({
        session,
        another: (why: string) => databases.source(run.compiled, source, why),
      })),
    ]);
    try {
      const lookup = (await sessions.openTarget()).target;
      await beginInSnapshot(lookup, alignment.target.snapshotId);
      const formatter = (await sessions.openTarget()).target;
      const reading = [alignment.target, ...alignment.sources.values()].map(({ session }) => session);
      for (const session of [lookup, ...reading]) await prepareReading(run, session);
      const ages = [];
      for (const session of reading) ages.push(await transactionAgeMs(session));
      return new AlignedView(
        host,
        ref,
        run,
        alignment,
        sessions,
        lookup,
        formatter,
        Math.max(...ages),
        performance.now(),
      );
    } catch (error) {
      await sessions.end(false);
      await alignment.close();
      throw error;
    }
  }

  get round(): number {
    return this.alignment.round;
  }

  /** Age of the oldest of its snapshots, milliseconds. */
  ageMs(): number {
    return this.ageAtStart + performance.now() - this.startedAt;
  }

  get target(): Session {
    return this.alignment.target.session;
  }

  source(name: string): Session {
    const source = this.alignment.sources.get(name);
    if (source === undefined) throw new Error('the alignment holds every source of the plan');
    return source.session;
  }

  sidesOf(mapping: string): Sides {
    const { source } = mappingOf(this.run, mapping);
    return { source: this.source(source), target: this.target, lookup: this.lookup, formatter: this.formatter };
  }

  /** The quarantine of a mapping as the snapshot shows it. */
  async quarantine(mapping: string): Promise<QuarantineBook> {
    const known = this.reconciliation.get(mapping) ?? (await openQuarantine(this.lookup, this.run.run, mapping));
    this.reconciliation.set(mapping, known);
    return known;
  }

  async comparison(name: string, progress: Progress): Promise<Comparison> {
    this.sessions.measure(progress);
    const { host, ref, run } = this;
    const mapping = mappingOf(run, name);
    const refused = mayRaise(mapping) ? await refusedByServer(this.lookup, run.run, name) : [];
    return createComparison(
      { host, ref, run, mapping, refused, progress },
      this.sidesOf(name),
      await this.quarantine(name),
    );
  }

  async close(): Promise<void> {
    this.host.signal?.()?.removeEventListener('abort', this.onAbort);
    await this.sessions.end(true);
    await this.alignment.close();
  }
}

/** The alignment that a live proof reads at: shared by its slices until it is too old. */
export class AlignedViews {
  private view: AlignedView | null = null;

  constructor(
    private readonly host: ProofHost,
    private readonly ref: RunRef,
    private readonly run: LoadedRun,
    private readonly purpose: string,
  ) {}

  /** One that is younger than the plan's limit. */
  async current(): Promise<AlignedView> {
    const { maxSnapshotAgeMs } = this.run.compiled.plan.settings.proof;
    const { view } = this;
    return view !== null && view.ageMs() < maxSnapshotAgeMs ? view : this.fresh();
  }

  /** A new one; what was held before is let go first, so that vacuum is held back by one at a time. */
  async fresh(): Promise<AlignedView> {
    await this.close();
    this.view = await AlignedView.open(this.host, this.ref, this.run, this.purpose);
    return this.view;
  }

  async close(): Promise<void> {
    const { view } = this;
    this.view = null;
    await view?.close();
  }
}
