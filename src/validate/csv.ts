import { CsvError, parse } from 'csv-parse/sync';

/** A record and the line it ends on, from 1. An unquoted empty field is null, a quoted one ''. */
export interface CsvRecord {
  readonly fields: readonly (string | null)[];
  readonly line: number;
}

/** Where a text is no CSV (RFC 4180), and why; without its values. */
export interface CsvFault {
  readonly line: number;
  readonly fault: string;
}

const faults: Readonly<Partial<Record<CsvError['code'], string>>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quoted field does not end',
  CSV_INVALID_CLOSING_QUOTE: 'text follows the closing quote of a field',
  INVALID_OPENING_QUOTE: 'a quote stands within a field that is not quoted',
};

interface Info {
  readonly record: readonly (string | null)[];
  readonly info: { readonly lines: number };
}

/** Records of a text: fields may be quoted and then hold commas, line ends and doubled quotes. Empty lines are skipped. */
export function parseCsv(text: string): readonly CsvRecord[] | CsvFault {
  try {
    const records = parse(text, {
      bom: true,
      skip_empty_lines: true,
      // its reader knows what the header needs
      relax_column_count: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      info: true,
      cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
    }) as unknown as readonly Info[];
    return records.map(({ record, info }) => ({ fields: record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { line: Number(error['lines']), fault: faults[error.code] ?? 'it is no CSV' };
  }
}
