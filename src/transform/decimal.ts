/**
 * Exact decimals of any length, spelled as PostgreSQL's numeric prints them: no plus sign, no leading zeros, no negative
 * zero, `scale` digits after the point.
 */
export interface Decimal {
  readonly negative: boolean;
  /** All digits without the point, at least `scale` of them are kept when printed. */
  readonly digits: string;
  readonly scale: number;
}

/** Numbers longer than this are refused on both sides, far below numeric's own limits, so that nothing can overflow. */
export const longestNumber = 10_000;

const shape = /^([+-]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]{1,3}))?$/;

/** Reads `-12.50`, `.5`, `5.`, `+007`, `1e-3`; null for anything else, blanks included. */
export function readDecimal(text: string): Decimal | null {
  if (text.length > longestNumber) return null;
  const match = shape.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', onlyFraction, exponent] = match;
  const decimals = onlyFraction ?? fraction;
  return shift({ negative: sign === '-', digits: whole + decimals, scale: decimals.length }, Number(exponent ?? '0'));
}

/** The value times ten to the power of `places`; digits after the point are kept, never made up. */
export function shift(value: Decimal, places: number): Decimal {
  const scale = value.scale - places;
  return scale >= 0 ? { ...value, scale } : { ...value, digits: value.digits + '0'.repeat(-scale), scale: 0 };
}

/** Rounds half away from zero to `places` digits after the point (before it when negative) and pads to as many. */
export function roundTo(value: Decimal, places: number): Decimal {
  const drop = value.scale - places;
  if (drop <= 0) return { ...value, digits: value.digits + '0'.repeat(-drop), scale: places };
  const digits = value.digits.padStart(drop + 1, '0');
  const kept = BigInt(digits.slice(0, -drop));
  const rounded = (digits.charCodeAt(digits.length - drop) >= 53 ? kept + 1n : kept).toString();
  return places >= 0
    ? { ...value, digits: rounded, scale: places }
    : { ...value, digits: rounded + '0'.repeat(-places), scale: 0 };
}

export function printDecimal({ negative, digits, scale }: Decimal): string {
  const padded = digits.padStart(scale + 1, '0');
  const whole = padded.slice(0, padded.length - scale).replace(/^0+(?=.)/, '');
  const fraction = padded.slice(padded.length - scale);
  const text = scale > 0 ? `${whole}.${fraction}` : whole;
  return negative && /[1-9]/.test(digits) ? `-${text}` : text;
}

/** True when the value has no digits other than zero after `places` decimals. */
export function fitsScale(value: Decimal, places: number): boolean {
  const drop = value.scale - places;
  return drop <= 0 || /^0*$/.test(value.digits.slice(-Math.min(drop, value.digits.length)));
}

/** Position of the first digit that is not zero, counted from the point: 3 for 123.4, 0 for 0.5, -1 for 0.05; null for zero. */
export function magnitude(value: Decimal): number | null {
  const zeros = /^0*/.exec(value.digits) as RegExpExecArray;
  return zeros[0].length === value.digits.length ? null : value.digits.length - zeros[0].length - value.scale;
}

/** Compares absolute values: negative, zero or positive. */
export function compareMagnitude(left: Decimal, right: Decimal): number {
  const [leftSize, rightSize] = [magnitude(left), magnitude(right)];
  if (leftSize === null || rightSize === null) return (leftSize === null ? 0 : 1) - (rightSize === null ? 0 : 1);
  if (leftSize !== rightSize) return leftSize - rightSize;
  const [leftDigits, rightDigits] = [left.digits.replace(/^0+/, ''), right.digits.replace(/^0+/, '')];
  const length = Math.max(leftDigits.length, rightDigits.length);
  const [one, other] = [leftDigits.padEnd(length, '0'), rightDigits.padEnd(length, '0')];
  return one < other ? -1 : one > other ? 1 : 0;
}
