/**
 * Floating point numbers as PostgreSQL 12 and later print them: the shortest digits inside the interval that rounds to the
 * value, `%g`-like layout. Unlike JavaScript, PostgreSQL never takes the interval's ends, which round to even.
 */

interface Format {
  /** Bits of the significand. */
  readonly bits: number;
  readonly round: (value: number) => number;
  readonly digits: number;
  readonly fixedBelow: number;
  /** Between these an end of the interval can be a short decimal. */
  readonly ends: readonly [number, number];
}

const float8: Format = {
  bits: 53,
  round: (value) => value,
  digits: 17,
  fixedBelow: 15,
  ends: [2 ** 50, 1e41],
};
const float4: Format = { bits: 24, round: Math.fround, digits: 9, fixedBelow: 6, ends: [2 ** 18, 1e22] };

export function printFloat8(value: number): string {
  return print(value, float8);
}

/** `value` must be a float4 already (Math.fround). */
export function printFloat4(value: number): string {
  return print(value, float4);
}

function print(value: number, format: Format): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const exact = Math.abs(value);
  const [mantissa = '', exponent = ''] = shortest(exact, format).split('e');
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  return layout(digits, Number(exponent), value < 0, format.fixedBelow);
}

function shortest(exact: number, format: Format): string {
  let precision = 1;
  if (format === float8) {
    const text = exact.toExponential();
    if (!isEnd(text, exact, format)) return text;
    precision = text.replace(/e.*$/, '').replace('.', '').length + 1;
  }
  for (; precision <= format.digits; precision += 1) {
    const inside = neighbours(exact, precision).find(
      (text) => format.round(Number(text)) === exact && !isEnd(text, exact, format),
    );
    if (inside !== undefined) return inside;
  }
  return exact.toExponential(format.digits - 1);
}

/**
 * The nearest decimal of that many digits (the even one of two), then the ones on both sides: at a power of two the
 * interval is lopsided, and the nearest may lie outside while another lies within.
 */
function neighbours(exact: number, precision: number): string[] {
  const [mantissa = '', exponent = ''] = exact.toExponential(precision - 1).split('e');
  const nearest = BigInt(mantissa.replace('.', ''));
  const rest = exact.toExponential(60).replace('.', '').slice(precision).replace(/e.*$/, '');
  const odd = nearest % 2n === 1n && /^50*$/.test(rest);
  return (odd ? [nearest - 1n, nearest] : [nearest, nearest - 1n, nearest + 1n])
    .filter((candidate) => candidate > 0n)
    .map((candidate) => {
      const text = candidate.toString();
      return `${text.charAt(0)}${text.length > 1 ? `.${text.slice(1)}` : ''}e${Number(exponent) + text.length - precision}`;
    });
}

/** True when the decimal lies exactly half-way between the value and the next float below or above. */
function isEnd(text: string, exact: number, format: Format): boolean {
  if (exact < format.ends[0] || exact > format.ends[1]) return false;
  const power2 = floorLog2(exact);
  const [mantissa = '', power = ''] = text.split('e');
  const decimals = mantissa.split('.')[1]?.length ?? 0;
  const ten = Number(power) - decimals;
  // Everything in quarters of the distance between floats, 2^two, and free of negative powers.
  const two = power2 - format.bits - 1;
  const left = BigInt(mantissa.replace('.', '')) * 10n ** BigInt(Math.max(ten, 0)) * 2n ** BigInt(Math.max(-two, 0));
  const unit = 10n ** BigInt(Math.max(-ten, 0)) * 2n ** BigInt(Math.max(two, 0));
  const value = BigInt(exact * 2 ** Math.max(-two, 0)) * 10n ** BigInt(Math.max(-ten, 0));
  const distance = left > value ? left - value : value - left;
  return distance === 2n * unit || (distance === unit && left < value && 2 ** power2 === exact);
}

function floorLog2(value: number): number {
  const guess = Math.floor(Math.log2(value));
  return 2 ** guess > value ? guess - 1 : 2 ** (guess + 1) <= value ? guess + 1 : guess;
}

function layout(digits: string, exponent: number, negative: boolean, fixedBelow: number): string {
  const sign = negative ? '-' : '';
  if (exponent < -4 || exponent >= fixedBelow) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits.charAt(0)}${fraction}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}
