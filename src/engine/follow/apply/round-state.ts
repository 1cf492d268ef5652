import type { CompiledMapping } from '../../../contract/compiled';
import type { ApplyTable, ReferenceRule } from '../../../delta/apply-table';
import { createDeferred, deferredTable } from '../../../postgres/ledger/quarantine/deferred';
import type { BookChange } from '../../../postgres/ledger/follow/reconciliation';
import type { ClassCounts } from '../../../postgres/queries/follow/apply';
import type { ApplyFacts } from '../../../postgres/queries/follow/apply-facts';
import type { RoundScratch } from '../../../postgres/queries/follow/apply-scratch';
import type { Session } from '../../../postgres/session';
import type { Incoming, RoundWork } from '../round-contract';

/** A table that takes part in the round. */
export interface ActiveTable {
  readonly table: ApplyTable;
  readonly mapping: CompiledMapping;
  readonly incoming: Incoming | null;
  /** Its held table has rows. */
  deferred: boolean;
  /** Rows of it were displaced because rows that they refer to were. */
  pulled: boolean;
  /** All that changed of it was changed at once: nothing of it moves unless rows that it refers to do. */
  atRest: boolean;
  /** Rows that want in, at most; known once all that moves does. */
  candidates: number;
  /** Rows that left the target, for good or for a moment. */
  displaced: number;
  migrated: number;
  quarantined: number;
  outOfScope: number;
}

/** What a round keeps in mind while it is applied: tables join when something of them moves. */
export class ApplyRound {
  readonly active = new Map<number, ActiveTable>();
  readonly xids = new Set<string>();
  written = 0;
  deleted = 0;
  booked = 0;

  constructor(
    readonly work: RoundWork,
    readonly facts: ApplyFacts,
    readonly scratch: RoundScratch,
    private readonly deferredAtFirst: ReadonlySet<string>,
    /** Mappings that had rows in quarantine when the round began. */
    readonly quarantinedAtFirst: ReadonlySet<string>,
  ) {}

  /** Takes the xmin of every subtransaction that writes. */
  get stamp(): string {
    return this.scratch.stamp;
  }

  get session(): Session {
    return this.work.target;
  }

  /** The session in the round's snapshot of the source that a mapping reads. */
  source(mapping: Pick<CompiledMapping, 'source'>): Session {
    const source = this.work.sources.get(mapping.source);
    if (source === undefined) throw new TypeError(`a round without a session of source ${mapping.source}`);
    return source;
  }

  get tables(): ApplyTable[] {
    return [...this.active.values()].map(({ table }) => table).sort((a, b) => a.number - b.number);
  }

  /** Of the active tables those with rows that want in. */
  get wanting(): ActiveTable[] {
    return [...this.active.values()].filter(({ candidates }) => candidates > 0);
  }

  /** Active tables that are not at rest, in their order. */
  get moving(): ApplyTable[] {
    return this.tables.filter(({ number }) => this.active.get(number)?.atRest === false);
  }

  /** $1 and $2 of the statements of a table. */
  names({ mapping }: ApplyTable): [string, string] {
    return [this.work.run.run, mapping];
  }

  async activate(number: number, incoming: Incoming | null = null): Promise<ActiveTable> {
    const known = this.active.get(number);
    if (known !== undefined) return known;
    const table = this.facts.tables[number] as ApplyTable;
    await this.scratch.create(table);
    const one: ActiveTable = {
      table,
      mapping: this.work.run.compiled.mappings[number] as CompiledMapping,
      incoming,
      deferred: this.deferredAtFirst.has(table.mapping),
      pulled: false,
      atRest: false,
      candidates: 0,
      displaced: 0,
      migrated: 0,
      quarantined: 0,
      outOfScope: 0,
    };
    this.active.set(number, one);
    return one;
  }

  /** Tables that hold rows which wait. */
  get waiting(): number[] {
    return this.facts.tables.filter((table) => this.deferredAtFirst.has(table.mapping)).map((table) => table.number);
  }

  deferred(table: ApplyTable): { schema: string; name: string } {
    return deferredTable(this.work.run.run, table.mapping);
  }

  async openDeferred(one: ActiveTable): Promise<void> {
    await createDeferred(this.session, this.work.run.run, one.table.mapping, one.table.target);
    one.deferred = true;
  }

  /** Rules whose child and parent are active, or whose parent is outside or has nothing to do. */
  childrenRules(): { rule: ReferenceRule; index: number; child: ApplyTable; parent: ApplyTable | null }[] {
    return this.facts.references.flatMap((rule, index) => {
      const child = rule.child === null ? undefined : this.active.get(rule.child)?.table;
      if (child === undefined) return [];
      const parent = rule.parent === null ? null : (this.active.get(rule.parent)?.table ?? null);
      return [{ rule, index, child, parent }];
    });
  }

  unbook(one: ActiveTable, counts: ClassCounts): void {
    one.quarantined -= counts.quarantined;
    one.outOfScope -= counts.outOfScope;
  }

  book(one: ActiveTable, counts: ClassCounts): void {
    one.quarantined += counts.quarantined;
    one.outOfScope += counts.outOfScope;
    this.booked += counts.quarantined + counts.outOfScope;
  }

  changes(): (BookChange & { mapping: string })[] {
    return [...this.active.values()].map(({ table, migrated, quarantined, outOfScope }) => ({
      mapping: table.mapping,
      migrated,
      quarantined,
      outOfScope,
    }));
  }
}
