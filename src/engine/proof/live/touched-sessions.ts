import type { CompiledMapping } from '../../../contract/compiled';
import type { RunRef } from '../../../contract/run';
import type { LoadedRun } from '../../../postgres/ledger/run/run';
import { beginInSnapshot } from '../../../postgres/queries/proof/snapshot';
import type { Session } from '../../../postgres/session';
import type { Alignment } from '../../follow/round-contract';
import type { ProofHost } from '../proof-host';
import { prepareReading, type Sides } from '../sides';
import { SessionScope } from '../../session-scope';

/** The sessions of a proof by keys, kept over all tables; in the snapshots of the alignment where there is one. */
export class TouchedSessions {
  private readonly sessions: SessionScope;
  private readonly kept = new Map<string, Promise<Session>>();

  constructor(
    host: ProofHost,
    ref: RunRef,
    private readonly run: LoadedRun,
    private readonly alignment: Alignment | null,
  ) {
    this.sessions = new SessionScope(host, ref, 'prove what changed');
  }

  /** Reads the lists of keys in the ledger. */
  lists(): Promise<Session> {
    return this.keep('lists', () => this.openTarget());
  }

  /** Of one reader: what it compares a mapping with. */
  async sides(reader: number, mapping: CompiledMapping): Promise<Sides> {
    const { source } = mapping;
    const [from, target, formatter] = await Promise.all([
      this.keep(`source ${source} ${reader}`, () => this.openSource(source)),
      this.keep(`target ${reader}`, () => this.openTarget()),
      this.keep(`speller ${reader}`, async () => (await this.sessions.openTarget()).target),
    ]);
    return { source: from, target, lookup: target, formatter };
  }

  end(succeeded: boolean): Promise<void> {
    return this.sessions.end(succeeded);
  }

  private keep(name: string, open: () => Promise<Session>): Promise<Session> {
    const known = this.kept.get(name) ?? open();
    this.kept.set(name, known);
    return known;
  }

  private async openSource(name: string): Promise<Session> {
    const snapshot = this.alignment?.sources.get(name)?.snapshotId ?? null;
    return this.within(await this.sessions.openSource(this.run, name), snapshot);
  }

  private async openTarget(): Promise<Session> {
    return this.within((await this.sessions.openTarget()).target, this.alignment?.target.snapshotId ?? null);
  }

  private async within(session: Session, snapshot: string | null): Promise<Session> {
    if (snapshot !== null) {
      await beginInSnapshot(session, snapshot);
      await prepareReading(this.run, session);
    }
    return session;
  }
}
