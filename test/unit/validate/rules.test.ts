import { parseRule, rules } from '../../../src/validate/rules/registry';
import { readSpotChecks } from '../../../src/validate/spot-check-file';

describe('parseRule', () => {
  it('refuses an unknown rule and names those there are', () => {
    expect(parseRule({ name: 'uniqe', args: null })).toEqual({
      problem: 'unknown rule uniqe',
      fix: expect.stringContaining('unique, not_empty') as string,
    });
  });

  it.each([
    ['not_null', 3],
    ['in', []],
    ['in', 'a'],
    ['matches', null],
    ['range', {}],
    ['range', { from: 1 }],
    ['max_length', 'x'],
  ])('refuses wrong arguments of %s: %j', (name, args) => {
    expect(parseRule({ name, args })).toHaveProperty('problem');
  });

  it('quotes what the plan wrote', () => {
    const parsed = parseRule({ name: 'in', args: ["o'neil", 'a\\b', 3] });
    expect('rule' in parsed ? parsed.rule.broken?.('"c"', parsed.args) : null).toBe(
      `"c"::text not in ('o''neil',  E'a\\\\b', '3')`,
    );
    expect(rules.length).toBe(9);
  });
});

describe('readSpotChecks', () => {
  it.each([
    ['', 'no rows'],
    ['a,b\n', 'no rows'],
    ['a,,b\n1,2,3', 'line 1: a column has no name'],
    ['a,b,a\n1,2,3', 'line 1: column a is named twice'],
    ['key.a,key.b\n1,2', 'line 1: no column besides the key'],
    ['a,b\n"secret', 'line 2: a quoted field does not end'],
    ['a,b\n1,"secret"x', 'line 2: text follows the closing quote of a field'],
    ['a,b\n1,secret"x', 'line 2: a quote stands within a field that is not quoted'],
    ['a,b\r\n"1\n2",3\r\n\r\n1', 'line 5: 1 field, the header has 2'],
    ['a,b\n1,2,secret', 'line 2: 3 fields, the header has 2'],
  ])('names the line and the fault of %j, and no value', (text, problem) => {
    expect(readSpotChecks('a.csv', text)).toEqual({ problem });
  });

  it.each(['\n', '\r\n', '\r'])('reads lines that end with %j', (end) => {
    expect(readSpotChecks('a.csv', ['no,name', '7,seven', '8,'].join(end))).toEqual([
      { key: { no: '7' }, expect: { name: 'seven' } },
      { key: { no: '8' }, expect: { name: null } },
    ]);
  });

  it('reads CSV with marked keys, quotes, NULL and empty text', () => {
    expect(readSpotChecks('a.csv', '\uFEFFkey.a,key.b,c,d\r\n1,x,,""\r\n2,"y\n,""z""",\\N,\r\n\r\n')).toEqual([
      { key: { a: '1', b: 'x' }, expect: { c: null, d: '' } },
      { key: { a: '2', b: 'y\n,"z"' }, expect: { c: '\\N', d: null } },
    ]);
  });

  it('takes the first CSV column as the key when none is marked', () => {
    expect(readSpotChecks('a.csv', 'no,name\n7,seven')).toEqual([{ key: { no: '7' }, expect: { name: 'seven' } }]);
  });

  it('keeps YAML scalars as they are written, and tells null from "null"', () => {
    const text = '- key: { no: 010 }\n  expect: { a: 2020-01-01, b: no, c: null, d: "null", e: 1.0, f: ~, g: "" }\n';
    expect(readSpotChecks('a.yaml', text)).toEqual([
      { key: { no: '010' }, expect: { a: '2020-01-01', b: 'no', c: null, d: 'null', e: '1.0', f: null, g: '' } },
    ]);
  });

  it.each([
    ['a.yaml', 'a: b'],
    ['a.yaml', '- key: {}\n  expect: { a: 1 }'],
    ['a.yaml', '- [unclosed'],
    ['a.txt', 'a'],
  ])('says what is wrong with %s %j and shows no value', (name, text) => {
    expect(readSpotChecks(name, text)).toEqual({ problem: expect.any(String) as string });
  });
});
