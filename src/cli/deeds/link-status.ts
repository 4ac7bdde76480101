/** What `link status` looks at, and waits for. */
import { setTimeout as pause } from 'node:timers/promises';
import { accessToken, link } from '../api/kinds.ts';
import type { Session } from '../api/session.ts';
import { CliError, usageError } from '../errors.ts';
import { isConnected, type LinkOrToken, linkSentence } from '../output/link-sentences.ts';
import { type LinkedSite, linkedSites } from './linked-sites.ts';
import { sitesOf } from './site.ts';

const pollMs = 200;

/** Links of a namespace in both directions. */
export interface LinkView {
  readonly outgoing: readonly LinkOrToken[];
  /** Sites that link to this one, and are connected. */
  readonly incoming: readonly LinkedSite[];
}

/**
 * Looks at the links until all of them are connected, for at most `waitMs`.
 * @param name the one link that matters; undefined for all
 * @throws CliError CLI_USAGE without a site, CLI_NOT_THERE without the named link
 */
export async function viewLinks(
  session: Session,
  name: string | undefined,
  waitMs: number,
): Promise<LinkView> {
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const view = await lookAt(session, name);
    const isLast = performance.now() + pollMs > deadlineMs;
    const { outgoing } = view;
    if (isLast || (outgoing.length > 0 && outgoing.every(isConnected))) return view;
    const late = outgoing.filter((one) => !isConnected(one)).map(linkSentence);
    session.progress.say(`waiting: ${late.join('; ') || 'there is no link yet'}`);
    await pause(pollMs);
  }
}

async function lookAt(session: Session, name: string | undefined): Promise<LinkView> {
  const { client, namespace } = session;
  const [sites, links, tokens] = await Promise.all([
    sitesOf(session),
    client.list(link, { namespace }),
    client.list(accessToken, { namespace }),
  ]);
  if (sites.length === 0) {
    throw usageError(
      ['there is no skupper site available'],
      "create one with 'drawbridge site create NAME', or choose a namespace (-n)",
    );
  }
  const waiting = tokens.items.filter(({ status }) => status?.redeemed !== true);
  const all: LinkOrToken[] = [
    ...links.items.map((each) => ({ link: each })),
    ...waiting.map((token) => ({ token })),
  ];
  const incoming = sites.flatMap(linkedSites).filter(({ direction }) => direction !== 'out');
  if (name === undefined) return { outgoing: all, incoming };
  const outgoing = all.filter((one) => isNamed(one, name));
  if (outgoing.length > 0) return { outgoing, incoming };
  throw new CliError('CLI_NOT_THERE', `No such link "${name}"`, {
    todo: `see 'drawbridge link status -n ${namespace}'`,
  });
}

/** A token of a site with several routers becomes several links under its own name. */
function isNamed({ link: own, token }: LinkOrToken, name: string): boolean {
  if ((own ?? token).metadata.name === name) return true;
  return own?.spec?.tlsCredentials === name && own.metadata.name.startsWith(`${name}-`);
}
