/**
 * Path patterns of a grant. A star is a whole segment: in the middle it stands for one segment, at
 * the end for one or more. A star inside a segment is not a pattern, so that `/pods*` cannot come
 * to mean `/podsecrets`.
 */

export interface UrlPattern {
  readonly text: string;
  /** Undefined stands for a star. */
  readonly segments: readonly (string | undefined)[];
}

/** The pattern; undefined when it is none. */
export function parseUrlPattern(text: string): UrlPattern | undefined {
  if (!/^\/[A-Za-z0-9._~:*/-]*$/.test(text) || text === '/*') return undefined;
  const parts = text.replace(/\/$/, '').split('/').slice(1);
  for (const part of parts) {
    const odd =
      part === '' || part === '.' || part === '..' || (part !== '*' && part.includes('*'));
    if (odd) return undefined;
  }
  return { text, segments: parts.map((part) => (part === '*' ? undefined : part)) };
}

/** True when the decoded path has the form of the pattern. */
export function matchesUrl(pattern: UrlPattern, path: readonly string[]): boolean {
  const { segments } = pattern;
  const open = segments.length > 0 && segments.at(-1) === undefined;
  if (open ? path.length < segments.length : path.length !== segments.length) return false;
  return segments.every((segment, at) => segment === undefined || segment === path[at]);
}
