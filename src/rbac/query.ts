/**
 * Queries as Go reads them: a part with a semicolon or a broken escape is no part. Escapes of bytes that
 * are no UTF-8 could be read either way, so a target with them is not read at all.
 */

/** The parts in order; undefined when an escape is no UTF-8. */
export function parseQuery(text: string): URLSearchParams | undefined {
  const found = new URLSearchParams();
  for (const part of text.split('&')) {
    if (part === '' || part.includes(';') || hasBrokenEscape(part)) continue;
    const cut = part.indexOf('=');
    const name = decodeText(cut < 0 ? part : part.slice(0, cut), true);
    const value = decodeText(cut < 0 ? '' : part.slice(cut + 1), true);
    if (name === undefined || value === undefined) return undefined;
    found.append(name, value);
  }
  return found;
}

/**
 * The text without percent escapes; undefined when they are broken or no UTF-8.
 * @param plus whether `+` means a space, as in queries
 */
export function decodeText(text: string, plus: boolean): string | undefined {
  const spaced = plus ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}

function hasBrokenEscape(text: string): boolean {
  return /%(?![0-9A-Fa-f]{2})/u.test(text);
}

/** A flag as the API server reads it, undefined when absent: anything but `false` and `0` is true. */
export function queryFlag(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name)?.toLowerCase();
  return value === undefined ? undefined : value !== 'false' && value !== '0';
}
