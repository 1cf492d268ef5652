import { hashOf, replaceTokens } from './statements/bind-statement';

const parts = 1_000_000;

/** Written into statements by the compiler: live in a sample, removed otherwise. `keyText` is the source key text. */
export function insideSample(keyText: string): string {
  return `{{sample}} AND mod(${hashOf(keyText)}, ${parts}) < {{share}}{{end}}`;
}

export function outsideSample(keyText: string): string {
  return `{{sample}} OR mod(${hashOf(keyText)}, ${parts}) >= {{share}}{{end}}`;
}

/**
 * A compiled statement over a stable sample of the source: the rows whose hashed key falls into the first `percent` (0 to 100).
 * Every statement of a mapping sees the same rows, a larger sample holds every smaller one, and rows outside count as out of
 * scope where children look for their parents.
 */
export function withSample(statement: string, percent: number): string {
  const share = String(Math.round((percent / 100) * parts));
  return replaceTokens(statement, (token) => {
    if (token === 'sample' || token === 'end') return '';
    return token === 'share' ? share : `{{${token}}}`;
  });
}
