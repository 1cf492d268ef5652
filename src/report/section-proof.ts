import type { ReportDocument } from '../contract/report';
import { html, type Html } from './html';
import { table } from './table';

type Reconciliation = ReportDocument['reconciliation'][number];
type Proof = ReportDocument['proof'][number];

function bar(reconciliation: Reconciliation): Html {
  const parts: [string, number][] = [
    ['m', reconciliation.migrated],
    ['q', reconciliation.quarantined],
    ['o', reconciliation.outOfScope],
    ['u', Math.abs(reconciliation.unexplained)],
  ];
  const whole = Math.max(
    1,
    parts.reduce((sum, [, rows]) => sum + rows, 0),
  );
  return html`<div class="bar">
    ${parts
      .filter(([, rows]) => rows > 0)
      .map(([name, rows]) => html`<i class="${name}" style="width:${((100 * rows) / whole).toFixed(3)}%"></i>`)}
  </div>`;
}

export function reconciliationSection(report: ReportDocument): Html {
  const sum = (name: 'source' | 'outOfScope' | 'quarantined' | 'migrated' | 'unexplained'): number =>
    report.reconciliation.reduce((total, reconciliation) => total + reconciliation[name], 0);
  const total: Reconciliation = {
    mapping: 'all tables',
    target: '',
    source: sum('source'),
    outOfScope: sum('outOfScope'),
    quarantined: sum('quarantined'),
    migrated: sum('migrated'),
    unexplained: sum('unexplained'),
  };
  const rows = report.reconciliation.length > 1 ? [...report.reconciliation, total] : report.reconciliation;
  return html`<section>
    <h2>Books</h2>
    ${table<Reconciliation>(
      [
        {
          head: 'Table',
          cell: (row) =>
            row.target === ''
              ? html`<b>${row.mapping}</b>`
              : html`${row.mapping}<br /><span class="soft mono whole">${row.target}</span>`,
        },
        { head: 'Source =', cell: (row) => row.source },
        { head: 'out of scope +', cell: (row) => row.outOfScope },
        { head: 'quarantined +', cell: (row) => row.quarantined },
        { head: 'migrated', cell: (row) => row.migrated },
        { head: 'Unexplained', cell: (row) => row.unexplained, alarm: true },
        { head: '', cell: bar },
      ],
      rows,
      'The books are closed by the validation, which has not finished.',
    )}
    ${originSection(report)}
    <p class="legend">
      <i style="background:var(--bar-migrated)"></i>migrated<i style="background:var(--bar-quarantined)"></i
      >quarantined<i style="background:var(--bar-scope)"></i>out of scope<i style="background:var(--bar-open)"></i
      >unexplained
    </p>
  </section>`;
}

type Origin = ReportDocument['origins'][number];

/** Receipts, settling and rounds, each with its sign, add up to the books: rows that follow a quarantined parent are among them. */
function originSection(report: ReportDocument): Html | null {
  const moved = report.origins.some(({ migrated, quarantined }) =>
    [migrated, quarantined].some(({ settling, rounds }) => settling !== 0 || rounds !== 0),
  );
  if (!moved) return null;
  return html`<details>
    <summary>How the books add up</summary>
    ${table<Origin>(
      [
        { head: 'Table', cell: (row) => row.mapping },
        { head: 'Migrated by batches +', cell: (row) => row.migrated.batches },
        { head: 'settling +', cell: (row) => row.migrated.settling },
        { head: 'rounds =', cell: (row) => row.migrated.rounds },
        { head: 'migrated', cell: (row) => row.migrated.reconciliation },
        { head: 'Quarantined by batches +', cell: (row) => row.quarantined.batches },
        { head: 'settling +', cell: (row) => row.quarantined.settling },
        { head: 'rounds =', cell: (row) => row.quarantined.rounds },
        { head: 'quarantined', cell: (row) => row.quarantined.reconciliation },
      ],
      report.origins,
      '',
    )}
    <p class="soft">
      Settling removes rows that repeat a unique key or have no parent, and rows that follow such a row.
    </p>
  </details>`;
}

export function proofSection(report: ReportDocument): Html {
  const later = report.proof.some(({ since }) => since !== null && since !== 0);
  return html`<section>
    <h2>Proof of every row</h2>
    ${table<ReportDocument['proof'][number]>(
      [
        { head: 'Table', cell: (row) => row.mapping },
        { head: 'Rows', cell: (row) => row.rows },
        { head: 'Identical', cell: (row) => row.identical },
        { head: 'Left behind', cell: (row) => row.decided },
        { head: 'Different', cell: (row) => row.mismatch, alarm: true },
        { head: 'Missing', cell: (row) => row.missing, alarm: true },
        { head: 'Extraneous', cell: (row) => row.extraneous, alarm: true },
        { head: 'Duplicate', cell: (row) => row.duplicate, alarm: true },
        { head: 'Unverifiable', cell: (row) => row.unverifiable, alarm: true },
        { head: 'Slices', cell: (row) => `${row.proved}/${row.slices}`, numeric: true },
        ...(later ? [{ head: 'Came since', cell: (row: Proof) => row.since ?? 0 }] : []),
      ],
      report.proof,
      'Nothing is proved yet.',
    )}
    ${
      later
        ? html`<p class="soft">
            Slices were proved while the sources were written to. Rows that came, went or changed after that are proved
            by their keys, up to the freeze: see the cutover. Rows and what came since are the source of the books
            without what is out of scope.
          </p>`
        : null
    }
    ${report.proof
      .filter((proof) => proof.reexecuted.length > 0)
      .map(
        (proof) =>
          html`<p class="soft">
            ${proof.mapping}: ${proof.reexecuted.join(', ')} came out of the plan's own SQL and was executed again, not
            recomputed independently.
          </p>`,
      )}
    ${differences(report)} ${digests(report)}
  </section>`;
}

function differences(report: ReportDocument): Html | null {
  if (report.differences.length === 0) return null;
  return html`<h2 style="margin-top:18px">Differences by column</h2>
    ${table<ReportDocument['differences'][number]>(
      [
        { head: 'Table', cell: (row) => row.mapping },
        { head: 'Class', cell: (row) => row.class },
        { head: 'Column', cell: (row) => (row.column === '' ? html`<span class="soft">whole row</span>` : row.column) },
        { head: 'Rows kept in the ledger', cell: (row) => row.rows, alarm: true },
      ],
      report.differences,
      '',
    )}`;
}

function digests(report: ReportDocument): Html | null {
  const all = report.proof.flatMap((proof) => proof.digests.map((digest) => ({ ...digest, mapping: proof.mapping })));
  if (all.length === 0) return null;
  return html`<details>
    <summary>Keyed digests of all rows</summary>
    ${table<(typeof all)[number]>(
      [
        { head: 'Table', cell: (row) => row.mapping },
        { head: 'Slice', cell: (row) => String(row.slice), numeric: true },
        { head: 'Expected rows', cell: (row) => html`<code>${row.expected}</code>` },
        {
          head: 'Rows in the target',
          cell: (row) => (row.actual === row.expected ? 'the same' : html`<code>${row.actual}</code>`),
        },
      ],
      all,
      '',
    )}
  </details>`;
}

const kinds: Readonly<Record<string, string>> = {
  reference: 'Foreign key',
  rule: 'Rule of the plan',
  constraint: 'Rule of the target',
  spot_check: 'Spot check',
  careful: 'Batch recomputed by SQL',
  view: 'Materialized view',
};

export function checkSection(report: ReportDocument): Html {
  const broken = report.checks.filter((check) => check.broken > 0);
  const passed = report.checks.filter((check) => check.broken === 0);
  const list = (checks: ReportDocument['checks']): Html =>
    table<ReportDocument['checks'][number]>(
      [
        { head: 'Check', cell: (row) => kinds[row.kind] ?? row.kind },
        { head: 'Name', cell: (row) => html`<span class="mono">${row.name}</span>` },
        { head: 'Broken', cell: (row) => row.broken, alarm: true },
        { head: 'Note', cell: (row) => row.note },
      ],
      checks,
      '',
    );
  return html`<section>
    <h2>Checks</h2>
    ${report.checks.length === 0 ? html`<p class="soft">No check has run yet.</p>` : html`<p>${passed.length} of ${report.checks.length} passed.</p>`}
    ${broken.length === 0 ? null : list(broken)}
    ${
      passed.length === 0
        ? null
        : html`<details>
            <summary>Checks that passed</summary>
            ${list(passed)}
          </details>`
    }
  </section>`;
}
