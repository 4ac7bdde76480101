/** The site in one sentence, as Skupper v1 puts it. */

/** What the sentence tells. */
export interface SiteFacts {
  readonly namespace: string;
  readonly mode: 'interior' | 'edge';
  /** Sites linked directly, in either direction. */
  readonly linked: number;
}

/** Where the site is, what it is, and how many others it is linked to. */
export function siteSentence({ namespace, mode, linked }: SiteFacts): string {
  const others =
    linked === 0
      ? 'It is not linked to any other sites.'
      : `It is linked to ${linked} other ${linked === 1 ? 'site' : 'sites'}.`;
  return `Drawbridge is enabled for namespace "${namespace}" in ${mode} mode. ${others}`;
}

/** What is said of a namespace without a site. */
export function noSiteSentence(namespace: string): string {
  return `Drawbridge is not enabled in namespace '${namespace}'`;
}
