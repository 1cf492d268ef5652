import { createHash } from 'node:crypto';
import { parseStep, transforms } from '../../../src/transform/registry';
import { FAILED, transformVectors } from './vectors';

const context = { encoding: 'UTF8', sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest() };

describe('the TypeScript side of the transforms', () => {
  it.each(
    transformVectors.map(
      (vector) => [vector.transform, JSON.stringify(vector.args), JSON.stringify(vector.input), vector] as const,
    ),
  )('%s %s makes of %s what the table of vectors says', (_name, _args, _input, { transform, args, input, output }) => {
    const step = parseStep({ name: transform, args });
    if ('problem' in step) throw new Error(`${step.problem} ${step.fix}`);
    const inputs = typeof input === 'string' || input === null ? [input] : input;
    expect(step.transform.apply(inputs, step.args, context)).toEqual(
      output === FAILED ? { failed: true } : { value: output },
    );
  });

  it('has vectors for every transform', () => {
    const covered = new Set(transformVectors.map(({ transform }) => transform));
    expect([...transforms.keys()].filter((name) => !covered.has(name))).toEqual([]);
  });
});
