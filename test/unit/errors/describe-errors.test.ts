import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../../../src/errors/catalogue';
import { describeErrors } from '../../../src/errors/describe-errors';
import type { CatalogueEntry } from '../../../src/errors/entry';

const entries = Object.entries(catalogue as Record<string, CatalogueEntry>);

describe('the error catalogue', () => {
  it('is what docs/errors.md shows (else run `npm run docs`)', () => {
    expect(readFileSync(join(__dirname, '../../../docs/errors.md'), 'utf8')).toBe(describeErrors());
  });

  it.each(entries)('%s says what, why and what to do in sentences', (code, entry) => {
    expect(code).toMatch(/^RP[1-9]\d{3}$/);
    expect(entry.title).toMatch(/^\S.*[^.\s]$/);
    expect(entry.why).toMatch(/[.:]$/);
    expect(entry.fix).toMatch(/[.:`]$/);
  });

  it('has no title twice', () => {
    const titles = entries.map(([, entry]) => entry.title);
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
  });
});
