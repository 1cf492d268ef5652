/** Order of two texts of pg_lsn (`16/B374D848`): negative, 0 or positive. */
export function compareLsn(a: string, b: string): number {
  const [x, y] = [position(a), position(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The later of two positions; null counts as none. */
export function laterLsn(a: string | null, b: string): string {
  return a !== null && compareLsn(a, b) > 0 ? a : b;
}

function position(lsn: string): bigint {
  const [high, low] = lsn.split('/') as [string, string];
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
