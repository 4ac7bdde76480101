/** What token files say to the people who handle them, as annotations. Others ignore these. */
import { tokenAnnotation } from '#apis/index.ts';
import { isRecord } from '#kube/index.ts';

/** Facts about a token for the people who handle the file. */
export interface TokenNotes {
  readonly site: string;
  /** Identity of the site. */
  readonly siteId: string;
  readonly namespace: string;
  readonly uses: number;
  /** RFC 3339. */
  readonly expires: string;
}

/** Annotations for people, and the site's identity by which a second link to it is noticed. */
export const annotation = {
  siteId: tokenAnnotation.generatedBy,
  site: 'drawbridge.dev/site',
  namespace: 'drawbridge.dev/site-namespace',
  uses: 'drawbridge.dev/redemptions-allowed',
  expires: 'drawbridge.dev/expires',
} as const;

/** The facts as annotations. */
export function annotationsFor(notes: TokenNotes): Record<string, string> {
  return {
    [annotation.site]: notes.site,
    [annotation.siteId]: notes.siteId,
    [annotation.namespace]: notes.namespace,
    [annotation.uses]: String(notes.uses),
    [annotation.expires]: notes.expires,
  };
}

/** Our own notes among annotations; anything else a stranger may have put there stays behind. */
export function notesIn(annotations: unknown): Record<string, string> {
  if (!isRecord(annotations)) return {};
  const ours: readonly string[] = Object.values(annotation);
  return Object.fromEntries(
    Object.entries(annotations).filter(
      (entry): entry is [string, string] => ours.includes(entry[0]) && typeof entry[1] === 'string',
    ),
  );
}
