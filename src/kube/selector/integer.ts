/** Whole numbers of 64 bits as queries and labels spell them, exactly. @spec Go strconv.ParseInt */

const int64Max = 2n ** 63n - 1n;

/** The number; undefined when the text is none, or one that 64 bits do not hold. */
export function parseInt64(text: string): bigint | undefined {
  const match = /^([-+]?)0*(\d{1,19})$/u.exec(text);
  if (match === null) return undefined;
  const [, sign = '', digits = ''] = match;
  const size = BigInt(digits);
  if (sign === '-') return size > int64Max + 1n ? undefined : -size;
  return size > int64Max ? undefined : size;
}
