import { join } from 'node:path';
import { endsTheAttempts, isAboutConnecting, isLeaseTaken, isRunNotFound } from '../../../src/errors/error-kinds';
import { fail } from '../../../src/errors/rowproof-error';
import { isLockRefused, isRefusedValue, isRowMisfit } from '../../../src/postgres/sqlstate';
import { sourceFiles } from '../../support/architecture';

const root = join(__dirname, '..', '..', '..');

/** Where codes are compared, and nowhere else. */
const predicates = new Set([
  'src/errors/error-kinds.ts',
  'src/errors/refusal-sentence.ts',
  'src/postgres/sqlstate.ts',
  'src/postgres/connect-failure.ts',
]);

const code = String.raw`(?:RP\d{2,4}|(?=[0-9A-Z]{0,4}\d)[0-9A-Z]{5})`;
const comparisons = [
  new RegExp(String.raw`[!=]==\s*'${code}'|'${code}'\s*[!=]==`),
  new RegExp(String.raw`\[\s*'${code}'[^\]]*\]\.(?:includes|some|indexOf)`),
  new RegExp(String.raw`new Set(?:<[^>]*>)?\(\[\s*'${code}'`),
  new RegExp(String.raw`\bcase '${code}':`),
  /(?:code|sqlstate|state|type)\)?\??\.startsWith\('(?:RP)?\d*'\)/,
  /\/\^?\(?(?:RP\d|\d\d[|)]|\d[0-9A-Z]{4}[|)])[^/\n]*\/\.test\(/,
];

/** Places where a code is compared by its text, as `path:line`. */
function compared(path: string, text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, at) => (comparisons.some((pattern) => pattern.test(line)) ? [`${path}:${at + 1}`] : []));
}

describe('codes of errors', () => {
  it('are compared by named predicates alone', () => {
    const files = sourceFiles(root, ['src', 'workflows', 'activities']).filter(({ path }) => !predicates.has(path));
    expect(files.flatMap(({ path, text }) => compared(path, text))).toEqual([]);
  });

  it.each([
    "if (error.code === 'RP4001') return;",
    "if ('42P01' === sqlstate) return;",
    "if (['RP5451', 'RP5452'].includes(code)) return;",
    "const gone = new Set(['42703', '42P01']);",
    "const gone: ReadonlySet<string> = new Set<string>(['RP1005']);",
    "    case '28P01':",
    "if (sqlstate.startsWith('42')) throw error;",
    "return error.code.startsWith('RP53');",
    'if (!/^(22|23|42)/.test(sqlstate)) throw error;',
    'if (/^RP540[1-4]$/.test(error.code)) throw error;',
  ])('would be found in: %s', (line) => {
    expect(compared('src/a.ts', line)).toEqual(['src/a.ts:1']);
  });

  it.each([
    "throw fail('RP4001', 'No run.');",
    "const kinds = { '23505': 'duplicate' };",
    "if (name === 'VALUE') return;",
  ])('are no comparison in: %s', (line) => {
    expect(compared('src/a.ts', line)).toEqual([]);
  });
});

describe('kinds of errors', () => {
  it('take an error, or the code that it left behind', () => {
    expect(isRunNotFound(fail('RP4001', 'no run'))).toBe(true);
    expect(isRunNotFound('RP4001')).toBe(true);
    expect(isRunNotFound(fail('RP4011', 'no run here'))).toBe(false);
    expect([isRunNotFound(null), isRunNotFound(new Error('RP4001')), isRunNotFound({ code: 'RP4001' })]).toEqual([
      false,
      false,
      false,
    ]);
    expect([isLeaseTaken('RP5404'), endsTheAttempts('RP5404'), isAboutConnecting(fail('RP3003', ''))]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('of PostgreSQL take an error or its SQLSTATE', () => {
    const error = Object.assign(new Error('x'), { code: '55P03', severity: 'ERROR' });
    expect([isLockRefused(error), isLockRefused('40P01'), isLockRefused('57014'), isLockRefused(null)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([isRefusedValue('22P02'), isRefusedValue('23514'), isRefusedValue('23505')]).toEqual([true, true, false]);
    expect([isRowMisfit('42703'), isRowMisfit('42501')]).toEqual([true, false]);
  });
});
