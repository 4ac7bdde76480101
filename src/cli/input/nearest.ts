/** The word that somebody probably meant. */

/** The first word that is the same but for case or one slip; undefined when none is, or equal. */
export function nearest(text: string, words: Iterable<string>): string | undefined {
  const low = text.toLowerCase();
  for (const word of words) if (word !== text && isNear(word.toLowerCase(), low)) return word;
  return undefined;
}

/** True when the texts are equal but for one letter more, less or other, or two changed about. */
export function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  let end = 0;
  const endMax = Math.min(a.length, b.length) - start;
  while (end < endMax && a.at(-1 - end) === b.at(-1 - end)) end++;
  const odd = Math.max(a.length, b.length) - start - end;
  if (odd <= 1) return true;
  const swapped = a[start] === b[start + 1] && a[start + 1] === b[start];
  return odd === 2 && a.length === b.length && swapped;
}
