/** Floating point numbers as PostgreSQL 12 and later print them: the shortest digits that read back, `%g`-like layout. */

function layout(digits: string, exponent: number, negative: boolean, fixedBelow: number): string {
  const sign = negative ? '-' : '';
  if (exponent < -4 || exponent >= fixedBelow) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const magnitude = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits.charAt(0)}${fraction}e${exponent < 0 ? '-' : '+'}${magnitude}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function special(value: number): string | null {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return null;
}

export function printFloat8(value: number): string {
  const named = special(value);
  if (named !== null) return named;
  const [mantissa = '', exponent = ''] = Math.abs(value).toExponential().split('e');
  return layout(mantissa.replace('.', ''), Number(exponent), value < 0, 15);
}

/** `value` must be a float4 already (Math.fround). */
export function printFloat4(value: number): string {
  const named = special(value);
  if (named !== null) return named;
  const exact = Math.abs(value);
  for (let precision = 1; precision <= 9; precision += 1) {
    const candidates = neighbours(exact, precision).filter((text) => Math.fround(Number(text)) === exact);
    if (candidates.length === 0) continue;
    const best = candidates.reduce((left, right) =>
      Math.abs(Number(right) - exact) < Math.abs(Number(left) - exact) ? right : left,
    );
    const [mantissa = '', exponent = ''] = best.split('e');
    return layout(mantissa.replace('.', '').replace(/0+$/, '') || '0', Number(exponent), value < 0, 6);
  }
  return printFloat8(value);
}

/**
 * The nearest decimal of that many digits and the ones on both sides: at a power of two the interval of a float is lopsided
 * and the nearest may lie outside while another lies within.
 */
function neighbours(exact: number, precision: number): string[] {
  const nearest = exact.toExponential(precision - 1);
  const [mantissa = '', exponent = ''] = nearest.split('e');
  const digits = BigInt(mantissa.replace('.', ''));
  return [digits - 1n, digits, digits + 1n]
    .filter((candidate) => candidate > 0n)
    .map((candidate) => {
      const text = candidate.toString();
      const shifted = Number(exponent) + text.length - precision;
      return `${text.charAt(0)}${text.length > 1 ? `.${text.slice(1)}` : ''}e${shifted}`;
    });
}
