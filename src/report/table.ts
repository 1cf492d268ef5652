import { figure } from './format';
import { html, type Html, type HtmlPart } from './html';

export interface TableColumn<Row> {
  readonly head: string;
  /** A number is right-aligned and grouped. */
  readonly cell: (row: Row) => HtmlPart;
  /** A figure that should be zero: shown as an alarm when it is not. */
  readonly alarm?: boolean;
  readonly numeric?: boolean;
}

function cell<Row>(column: TableColumn<Row>, row: Row): Html {
  const value = column.cell(row);
  if (typeof value !== 'number') return html`<td${column.numeric === true ? html` class="n"` : null}>${value}</td>`;
  const state = value === 0 ? ' zero' : column.alarm === true ? ' alarm' : '';
  return html`<td class="n${state}">${figure(value)}</td>`;
}

/** A table, or one quiet line when there are no rows. */
export function table<Row>(columns: readonly TableColumn<Row>[], rows: readonly Row[], empty: string): Html {
  if (rows.length === 0) return html`<p class="soft">${empty}</p>`;
  const numeric = columns.map((column) => column.numeric === true || typeof column.cell(rows[0] as Row) === 'number');
  const heads = columns.map(
    (column, index) => html`<th${numeric[index] === true ? html` class="n"` : null}>${column.head}</th>`,
  );
  const lines = rows.map(
    (row) =>
      html`<tr>
        ${columns.map((column) => cell(column, row))}
      </tr> `,
  );
  return html`<table>
    <thead>
      <tr>
        ${heads}
      </tr>
    </thead>
    <tbody>
      ${lines}
    </tbody>
  </table>`;
}
