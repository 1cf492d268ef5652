import type { Json } from '../../../src/contract/resolved-plan';
import { encodingProblem, parseStep } from '../../../src/transform/registry';

function problemOf(name: string, args: Json): string {
  const parsed = parseStep({ name, args });
  return 'problem' in parsed ? parsed.problem : 'accepted';
}

describe('parseStep', () => {
  it('suggests the nearest transform for a slip and lists all for a stranger', () => {
    expect(parseStep({ name: 'trm', args: null })).toEqual({
      problem: 'Unknown transform "trm".',
      fix: 'Did you mean "trim"?',
    });
    expect(parseStep({ name: 'parse-date', args: null })).toMatchObject({ fix: 'Did you mean "parse_date"?' });
    const stranger = parseStep({ name: 'transmogrify', args: null });
    expect('fix' in stranger ? stranger.fix : '').toContain('trim, lower, upper');
  });

  it.each<[string, Json, string]>([
    ['trim', 'x', 'takes no argument'],
    ['null_if', 5, 'expected text: put it in quotes'],
    ['null_if', ['a\0'], 'NUL'],
    ['map', {}, 'at least one pair'],
    ['map', { A: 1 }, 'A: expected text: put it in quotes'],
    ['map', { values: { A: 'a' }, otherwise: 'drop' }, 'otherwise'],
    ['parse_date', ['DD/MM/YYYY', 'MM/DD/YYYY'], 'read the same text as different dates'],
    ['parse_date', ['D.M.YYYY', 'MM.DD.YYYY'], 'read the same text as different dates'],
    ['parse_date', ['DDMMYYYY', 'YYYYMMDD'], 'read the same text as different dates'],
    ['parse_date', 'DD/MM/YY', 'unknown token at "YY"'],
    ['parse_date', 'DMYYYY', 'does not say where'],
    ['parse_date', 'MM/YYYY', 'has no day'],
    ['parse_date', 'YYYY-MM-DD MI', 'minutes without HH24'],
    ['parse_date', 'YYYY-MM-DD DD', 'states the day twice'],
    ['at_zone', 'CET', 'abbreviations'],
    ['at_zone', 'Europe/Atlantis', 'tz database'],
    ['at_zone', { zone: 'Europe/Berlin', to: 'mars' }, 'to: expected utc or local'],
    ['parse_number', { decimal: ',', group: ',' }, 'must differ'],
    ['scale', 'two', 'expected a whole number from -100 to 100'],
    ['round', 1.5, 'expected a whole number'],
    ['substring', { from: 0 }, 'from: expected a whole number from 1'],
    ['split_part', { on: '', part: 1 }, 'on: expected text that is not empty'],
    ['split_part', { on: ',', part: 0 }, 'parts count from 1'],
    ['regex_extract', 'a|ab', 'next character must decide'],
    ['regex_extract', '.*x', 'next character must decide'],
    ['regex_extract', '\\w+', 'instead of \\w'],
    ['regex_extract', '(a)(b)', 'only one group'],
    ['regex_extract', '(a)*', 'cannot be repeated'],
    ['regex_extract', 'a+?', 'lazy'],
    ['regex_extract', '(?=a)', 'only (?:…)'],
    ['regex_extract', '[[:alpha:]]', 'follow the locale'],
    ['regex_extract', '(a', 'not closed'],
    ['regex_extract', 'a|', 'can be empty'],
    ['us_state', 'abbr', 'expected code or name'],
    ['boolean', { true: 'x', false: ['X'] }, 'both true and false'],
  ])('%s %j is refused: %s', (name, args, message) => {
    expect(problemOf(name, args)).toContain(message);
  });

  it('takes numbers as people quote them', () => {
    expect(problemOf('scale', '-2')).toBe('accepted');
    expect(problemOf('substring', ['1', '3'])).toBe('accepted');
  });

  it('takes formats that differ only in their leading zeros', () => {
    expect(problemOf('parse_date', ['DD/MM/YYYY', 'D/M/YYYY', 'YYYY-MM-DD'])).toBe('accepted');
  });
});

describe('encodingProblem', () => {
  it('names a step whose characters the source does not have', () => {
    const step = parseStep({ name: 'map', args: { A: 'a', '€': 'euro' } });
    if ('problem' in step) throw new Error(step.problem);
    expect(encodingProblem(step, 'LATIN1')?.problem).toContain('LATIN1');
    expect(encodingProblem(step, 'SQL_ASCII')?.fix).toContain('ASCII');
    expect(encodingProblem(step, 'WIN1252')).toBeNull();
    expect(encodingProblem(step, 'UTF8')).toBeNull();
  });
});
