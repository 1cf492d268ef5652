import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rules } from '../../../src/validate/rules/registry';
import { knownKeys } from '../../../src/plan/check/known-keys';
import { parsePlan } from '../../../src/plan/parse-plan';

const text = readFileSync(join(__dirname, '../../../docs/plan.md'), 'utf8');

describe('docs/plan.md', () => {
  it('holds only plans that read without a problem', () => {
    const blocks = [...text.matchAll(/```yaml\n([^]*?)```/g)].map((match) => match[1] as string);
    expect(blocks.length).toBeGreaterThan(1);
    for (const block of blocks) expect(parsePlan(block, 'docs/plan.md').problems).toEqual([]);
  });

  it('names every key of the plan file and every rule', () => {
    const keys = [
      [],
      ['target'],
      ['target', 'tls'],
      ['defaults'],
      ['tables', 't'],
      ['tables', 't', 'id'],
      ['tables', 't', 'columns', 'c'],
      ['decisions', 'd'],
      ['decisions', 'd', 'expect'],
      ['spot_checks', 's'],
      ['settings'],
      ['settings', 'batch'],
      ['settings', 'proof'],
      ['settings', 'capture'],
      ['settings', 'delta'],
      ['settings', 'delta', 'throttle'],
      ['settings', 'cutover'],
    ].flatMap(knownKeys);
    expect(keys.length).toBeGreaterThan(50);
    const missing = [...keys, ...rules.map((rule) => rule.name)].filter(
      (key) => !new RegExp(`\\b${key}\\b`).test(text),
    );
    expect(missing).toEqual([]);
  });
});
