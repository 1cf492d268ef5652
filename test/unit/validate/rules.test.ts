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
    ['a.csv', ''],
    ['a.csv', 'a,b\n"x'],
    ['a.csv', 'a,b\n1,2,3'],
    ['a.yaml', 'a: b'],
    ['a.yaml', '- key: {}\n  expect: { a: 1 }'],
    ['a.yaml', '- [unclosed'],
    ['a.txt', 'a'],
  ])('says what is wrong with %s %j and shows no value', (name, text) => {
    expect(readSpotChecks(name, text)).toEqual({ problem: expect.any(String) as string });
  });
});
