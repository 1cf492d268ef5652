import type { CompiledMapping } from '../../contract/compiled';
import { fail } from '../../errors/rowproof-error';
import { bookAdjustment, insertAdjustment, type Adjustment } from '../../postgres/ledger/quarantine/adjustment';
import { deferRows } from '../../postgres/ledger/quarantine/deferred';
import { deleteRows, quarantineRows } from '../../postgres/queries/settle/settle';
import type { AssignedRow } from '../../settle/assign-source-keys';
import { qualified } from '../../sql/quote';
import type { TargetWork } from '../target-work';
import { counted } from '../../report/counted';

export interface SettleWork extends TargetWork {
  /** Rows that leave the target are kept: rounds let them in again once their obstacle is gone. */
  readonly hold: boolean;
}

/** A row that leaves the target, why, and where it is booked. */
export interface Loser {
  readonly row: AssignedRow;
  readonly reason: string;
  readonly finding: string;
  readonly class: 'quarantined' | 'out_of_scope';
}

/** Moves rows from the target to quarantine within one transaction, one adjustment a finding. */
export class SettleReconciliation {
  private readonly open = new Map<string, { id: string; quarantined: number; outOfScope: number }>();

  constructor(
    private readonly work: SettleWork,
    private readonly mapping: CompiledMapping,
    private readonly adjustment: Adjustment,
  ) {}

  async take(losers: readonly Loser[], rule: { readonly columns: string; readonly constraint: string }): Promise<void> {
    const { session, run } = this.work;
    if (losers.length === 0) return;
    const settled = [];
    for (const { row, reason, finding, class: kind } of losers) {
      let book = this.open.get(finding);
      if (book === undefined) {
        book = {
          id: await insertAdjustment(session, run.run, { ...this.adjustment, finding }),
          quarantined: 0,
          outOfScope: 0,
        };
        this.open.set(finding, book);
      }
      if (kind === 'quarantined') book.quarantined++;
      else book.outOfScope++;
      settled.push({ sourceKey: row.sourceKey, class: kind, reason, finding, refs: row.refs, adjustment: book.id });
    }
    if (this.work.hold) {
      const { name, target } = this.mapping;
      await deferRows(
        session,
        run.run,
        name,
        target,
        losers.map(({ row }) => row),
      );
    }
    const deleted = await deleteRows(
      session,
      this.mapping.target,
      losers.map(({ row }) => row),
    );
    if (deleted !== losers.length) {
      const name = qualified(this.mapping.target);
      throw fail('RP5106', `${counted(losers.length - deleted, 'row')} of ${name} could not be deleted`, {
        where: { object: name },
        why: 'A trigger of the table prevented it, or somebody else changed them.',
      });
    }
    await quarantineRows(session, run.run, this.mapping.name, rule, settled);
  }

  /** Books what was taken; returns how many rows. */
  async close(): Promise<number> {
    let total = 0;
    for (const { id, quarantined, outOfScope } of this.open.values()) {
      await bookAdjustment(this.work.session, this.work.run.run, id, { quarantined, outOfScope });
      total += quarantined + outOfScope;
    }
    return total;
  }
}
