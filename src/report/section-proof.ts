import type { ReportDocument } from '../contract/report';
import { html, type Html } from './html';
import { table } from './table';

type Books = ReportDocument['books'][number];

function bar(books: Books): Html {
  const parts: [string, number][] = [
    ['m', books.migrated],
    ['q', books.quarantined],
    ['o', books.outOfScope],
    ['u', Math.abs(books.unexplained)],
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

export function booksSection(report: ReportDocument): Html {
  const sum = (name: 'source' | 'outOfScope' | 'quarantined' | 'migrated' | 'unexplained'): number =>
    report.books.reduce((total, books) => total + books[name], 0);
  const total: Books = {
    mapping: 'all tables',
    target: '',
    source: sum('source'),
    outOfScope: sum('outOfScope'),
    quarantined: sum('quarantined'),
    migrated: sum('migrated'),
    unexplained: sum('unexplained'),
  };
  const rows = report.books.length > 1 ? [...report.books, total] : report.books;
  return html`<section>
    <h2>Books</h2>
    ${table<Books>(
      [
        {
          head: 'Table',
          cell: (row) =>
            row.target === ''
              ? html`<b>${row.mapping}</b>`
              : html`${row.mapping}<br /><span class="soft mono">${row.target}</span>`,
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
    <p class="legend">
      <i style="background:var(--bar-migrated)"></i>migrated<i style="background:var(--bar-quarantined)"></i
      >quarantined<i style="background:var(--bar-scope)"></i>out of scope<i style="background:var(--bar-open)"></i
      >unexplained
    </p>
  </section>`;
}

export function proofSection(report: ReportDocument): Html {
  return html`<section>
    <h2>Proof of every row</h2>
    ${table<ReportDocument['proof'][number]>(
      [
        { head: 'Table', cell: (row) => row.mapping },
        { head: 'Rows', cell: (row) => row.rows },
        { head: 'Identical', cell: (row) => row.identical },
        { head: 'Decided', cell: (row) => row.decided },
        { head: 'Different', cell: (row) => row.mismatch, alarm: true },
        { head: 'Missing', cell: (row) => row.missing, alarm: true },
        { head: 'Extraneous', cell: (row) => row.extraneous, alarm: true },
        { head: 'Duplicate', cell: (row) => row.duplicate, alarm: true },
        { head: 'Unverifiable', cell: (row) => row.unverifiable, alarm: true },
        { head: 'Slices', cell: (row) => `${row.proved}/${row.slices}`, numeric: true },
      ],
      report.proof,
      'Nothing is proved yet.',
    )}
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
