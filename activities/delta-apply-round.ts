import type { CompiledMapping } from '../src/contract/compiled';
import { createScratchSql, dropScratchSql } from '../src/delta/apply-sql';
import type { ApplyTable, ReferenceRule } from '../src/delta/apply-table';
import { createHeld, heldTable } from '../src/postgres/ledger/held';
import type { BookChange } from '../src/postgres/ledger/delta-books';
import { applyStatement, type ClassCounts } from '../src/postgres/queries/delta-apply';
import type { ApplyFacts } from '../src/postgres/queries/delta-apply-facts';
import type { Session } from '../src/postgres/session';
import type { Incoming, RoundWork } from './delta-contract';

/** A table that takes part in the round. */
export interface ActiveTable {
  readonly table: ApplyTable;
  readonly mapping: CompiledMapping;
  readonly incoming: Incoming | null;
  /** Its held table has rows. */
  held: boolean;
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
    readonly mark: string,
    private readonly heldAtFirst: ReadonlySet<string>,
  ) {}

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

  /** $1 and $2 of the statements of a table. */
  names({ mapping }: ApplyTable): [string, string] {
    return [this.work.run.run, mapping];
  }

  async activate(number: number, incoming: Incoming | null = null): Promise<ActiveTable> {
    const known = this.active.get(number);
    if (known !== undefined) return known;
    const table = this.facts.tables[number] as ApplyTable;
    await applyStatement(this.session, createScratchSql(table, this.facts.temporary));
    const one: ActiveTable = {
      table,
      mapping: this.work.run.compiled.mappings[number] as CompiledMapping,
      incoming,
      held: this.heldAtFirst.has(table.mapping),
      migrated: 0,
      quarantined: 0,
      outOfScope: 0,
    };
    this.active.set(number, one);
    return one;
  }

  /** Tables that hold rows which wait. */
  get waiting(): number[] {
    return this.facts.tables.filter((table) => this.heldAtFirst.has(table.mapping)).map((table) => table.number);
  }

  held(table: ApplyTable): { schema: string; name: string } {
    return heldTable(this.work.run.run, table.mapping);
  }

  async openHeld(one: ActiveTable): Promise<void> {
    await createHeld(this.session, this.work.run.run, one.table.mapping, one.table.target);
    one.held = true;
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

  /** Temporary scratch tables end with the transaction; the others have to go before. */
  async clear(): Promise<void> {
    if (this.facts.temporary) return;
    for (const table of this.tables) await applyStatement(this.session, dropScratchSql(table));
    await applyStatement(this.session, `drop table ${this.mark}`);
  }
}
