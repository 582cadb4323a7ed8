/**
 * Float32 as decimal text, the shortest that reads back as the same float32: 0.1 and not
 * 0.10000000149011612. Written straight into bytes, as an answer holds thousands of them.
 *
 * Nine significant digits always suffice (IEEE 754), and six always survive. The scaled value is
 * rounded to 6, 7, 8, 9 digits and divided back. Both the digits and the power of ten are exact, so
 * the quotient is the very double that a JSON reader makes of the text, and `Math.fround` tells
 * whether it is the same float32.
 */

/** Powers of ten up to the largest that a double holds exactly. */
const powers = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** From here on, up to `plainMax`, numbers are written without an exponent. */
const plainMin = 1e-5;
const plainMax = 1e7;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;

/** The most bytes that one number takes: JavaScript writes `-123456790000000000000` in full. */
export const floatTextBytesMax = 22;

/** Writes `value`, which is a finite float32, at `offset`; answers the offset behind it. */
export function writeFloatText(value: number, target: Uint8Array, offset: number): number {
  let at = offset;
  if (value < 0) target[at++] = minus;
  const size = Math.abs(value);
  if (size >= plainMin && size < plainMax) return writePlain(size, target, at);
  const text = shortText(size);
  for (let index = 0; index < text.length; index++) target[at++] = text.charCodeAt(index);
  return at;
}

function writePlain(size: number, target: Uint8Array, offset: number): number {
  const fractionMin = Math.max(0, 5 - magnitude(size));
  let fraction = fractionMin;
  let digits = scaled(size, fraction);
  while (Math.fround(digits / power(fraction)) !== size) digits = scaled(size, ++fraction);
  if (fraction === fractionMin) {
    for (; fraction > 0 && digits % 10 === 0; fraction--) digits /= 10;
  }
  return writeDigits(digits, fraction, target, offset);
}

/** Writes `digits`, a whole number below 2^31, with its last `fraction` digits behind the point. */
function writeDigits(digits: number, fraction: number, target: Uint8Array, offset: number): number {
  let width = fraction + 1;
  while (digits >= power(width)) width++;
  const end = offset + width + (fraction > 0 ? 1 : 0);
  let left = digits | 0;
  for (let at = end - 1, written = 0; at >= offset; at--, written++) {
    if (written === fraction && fraction > 0) target[at--] = point;
    const rest = (left / 10) | 0;
    target[at] = zero + left - rest * 10;
    left = rest;
  }
  return end;
}

/** The exponent of ten of `size`; one too small at most, where rounding decides. */
function magnitude(size: number): number {
  let exponent = 0;
  if (size >= 1) {
    while (size >= power(exponent + 1)) exponent++;
    return exponent;
  }
  do exponent++;
  while (size * power(exponent) < 1);
  return -exponent;
}

function scaled(size: number, fraction: number): number {
  return Math.round(size * power(fraction));
}

function power(exponent: number): number {
  return powers[exponent] as number;
}

/** The rare very small and very large ones, and zero. */
function shortText(size: number): string {
  for (let precision = 1; precision < 9; precision++) {
    const candidate = Number(size.toPrecision(precision));
    if (Math.fround(candidate) === size) return String(candidate);
  }
  return String(Number(size.toPrecision(9)));
}
