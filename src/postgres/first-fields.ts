/** Counts the lines of a stream in COPY's text format by their first field, which holds no escapes. Chunks may end anywhere. */
export class FirstFields {
  readonly counts = new Map<string, number>();
  private open = '';

  push(chunk: Buffer): void {
    const text = this.open + chunk.toString('latin1');
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const field = text.slice(from, text.indexOf('\t', from));
      this.counts.set(field, (this.counts.get(field) ?? 0) + 1);
      from = end + 1;
    }
    this.open = text.slice(from);
  }
}
