import { RoundSize } from '../../../src/delta/round-size';

describe('the size of rounds', () => {
  it('begins with 20,000 or what the plan allows, halves after slow rounds and never falls below 500', () => {
    const size = new RoundSize(60_000);
    expect(size.keys).toBe(20_000);
    for (let round = 0; round < 10; round += 1) size.took(size.keys, 5_000);
    expect(size.keys).toBe(500);
  });

  it('grows again only after full rounds that were quick, up to what the plan allows', () => {
    const size = new RoundSize(4_000);
    size.took(4_000, 3_000);
    expect(size.keys).toBe(2_000);
    size.took(10, 5);
    expect(size.keys).toBe(2_000);
    size.took(2_000, 100);
    size.took(4_000, 100);
    expect(size.keys).toBe(4_000);
  });

  it('grows to what two seconds are enough for, no further', () => {
    const size = new RoundSize(100_000);
    size.took(20_000, 500);
    expect(size.keys).toBe(40_000);
    size.took(40_000, 1_600);
    expect(size.keys).toBe(50_000);
    size.took(50_000, 2_000);
    expect(size.keys).toBe(50_000);
  });

  it('takes fewer than 500 where the plan says so', () => {
    const size = new RoundSize(100);
    size.took(100, 60_000);
    expect(size.keys).toBe(100);
  });
});
