/**
 * Records of an RFC 4180 text: fields may be quoted and then hold commas, line ends and doubled quotes. An unquoted empty
 * field is null, a quoted one ''. Empty lines are skipped. Null when a quoted field does not end.
 */
export function parseCsv(text: string): (string | null)[][] | null {
  const records: (string | null)[][] = [];
  let record: (string | null)[] = [];
  let place = text.startsWith('\uFEFF') ? 1 : 0;
  const endRecord = (): void => {
    if (record.length > 1 || record[0] !== null) records.push(record);
    record = [];
  };
  while (place <= text.length) {
    let field: string | null;
    if (text[place] === '"') {
      let value = '';
      place += 1;
      for (;;) {
        const quote = text.indexOf('"', place);
        if (quote === -1) return null;
        value += text.slice(place, quote);
        place = quote + 1;
        if (text[place] !== '"') break;
        value += '"';
        place += 1;
      }
      field = value;
      // anything between the closing quote and the separator belongs to the field
      const rest = /^[^,\r\n]*/.exec(text.slice(place))?.[0] ?? '';
      field += rest;
      place += rest.length;
    } else {
      let end = place;
      while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r') end += 1;
      field = end === place ? null : text.slice(place, end);
      place = end;
    }
    record.push(field);
    if (text[place] === ',') {
      place += 1;
      continue;
    }
    endRecord();
    if (place >= text.length) break;
    place += text[place] === '\r' && text[place + 1] === '\n' ? 2 : 1;
  }
  return records;
}
