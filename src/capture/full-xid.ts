const epoch = 2n ** 32n;

/**
 * The 64-bit transaction id with these low 32 bits that is nearest to `near`, a 64-bit id of the same server from about the
 * same time. Ids that can still be decoded are never half the circle away.
 */
export function fullXid(low: number, near: bigint): bigint {
  const here = (near / epoch) * epoch + BigInt(low >>> 0);
  const candidates = [here - epoch, here, here + epoch].filter((one) => one >= 0n);
  const distance = (one: bigint): bigint => (one > near ? one - near : near - one);
  return candidates.reduce((best, one) => (distance(one) < distance(best) ? one : best));
}
