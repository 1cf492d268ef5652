import { bringForward, forwardSteps } from '../../../src/compile/bring-forward';
import { compiledFormat } from '../../../src/contract/compiled';

const steps = [
  (one: Readonly<Record<string, unknown>>) => ({ ...one, levels: 1 }),
  (one: Readonly<Record<string, unknown>>) => ({ ...one, levels: Number(one['levels']) + 1 }),
];

describe('what a run compiled', () => {
  it('in the format of today is taken as it is', () => {
    const compiled = { format: compiledFormat, digest: 'd', mappings: [] };
    expect(bringForward(compiled)).toEqual(compiled);
  });

  it('in an older format goes through every step since, in their order', () => {
    expect(bringForward({ format: 1 }, steps)).toEqual({ format: 3, levels: 2 });
    expect(bringForward({ format: 2, levels: 7 }, steps)).toEqual({ format: 3, levels: 8 });
  });

  it('in a newer format is refused', () => {
    expect(() => bringForward({ format: 4 }, steps)).toThrow(/format 4; this rowproof knows up to 3.*RP4020/);
  });

  it('has a step to each format but the first', () => {
    expect(forwardSteps).toHaveLength(compiledFormat - 1);
  });
});
