/** Links in sentences, as Skupper v1 puts them. */
import type { AccessToken, Link } from '../api/kinds.ts';
import { statusOf } from '../api/status.ts';
import type { LinkedSite } from '../deeds/linked-sites.ts';
import { oneLine, renderPairs } from './table.ts';

/** A link, or the token that is still to become one. */
export type LinkOrToken =
  | { readonly link: Link; readonly token?: undefined }
  | { readonly token: AccessToken; readonly link?: undefined };

/** True when the router has the link up. */
export function isConnected({ link }: LinkOrToken): boolean {
  const operational = statusOf(link).conditions?.find(({ type }) => type === 'Operational');
  return operational?.status === 'True';
}

/** Whether it is connected, and why not. */
export function linkSentence(one: LinkOrToken): string {
  const name = (one.link ?? one.token).metadata.name;
  if (isConnected(one)) return `Link ${name} is connected`;
  const said = oneLine(statusOf(one.link ?? one.token).message ?? '');
  if (said === '' || said === 'OK') return `Link ${name} not connected`;
  return one.link === undefined
    ? `Link ${name} not connected (Failed to redeem claim: ${said})`
    : `Link ${name} not connected (${said})`;
}

/** One link with what is known of it. */
export function linkDetails(one: LinkOrToken): string {
  const { metadata } = one.link ?? one.token;
  const cost = one.link?.spec?.cost ?? one.token?.spec?.linkCost ?? 1;
  const { status = '', message = '' } = statusOf(one.link ?? one.token);
  const endpoints = (one.link?.spec?.endpoints ?? []).map(
    ({ name, host, port }): readonly [string, string] => [
      'Endpoint',
      `${name ?? ''} ${host ?? ''}:${port ?? ''}`,
    ],
  );
  return renderPairs([
    ['Name', metadata.name],
    ['Status', status],
    ['Namespace', metadata.namespace ?? ''],
    ['Site', one.link?.status?.remoteSiteName ?? ''],
    ['Cost', String(Math.max(1, cost))],
    ['Created', metadata.creationTimestamp ?? ''],
    ['Message', message],
    ...endpoints,
  ]);
}

/** Links of both directions, under headings. */
export function renderAllLinks(
  outgoing: readonly LinkOrToken[],
  incoming: readonly LinkedSite[],
): string {
  const ours = outgoing.map(linkSentence);
  const theirs = incoming.map(
    ({ id, name, namespace }) =>
      `Incoming link from site ${id}${name === '' ? '' : ` (${oneLine(name)})`} on namespace ${oneLine(namespace)}`,
  );
  return [
    '',
    'Links created from this site:',
    '',
    ...indented(ours.length === 0 ? ['There are no links configured or connected'] : ours),
    '',
    'Current links from other sites that are connected:',
    '',
    ...indented(theirs.length === 0 ? ['There are no connected links'] : theirs),
    '',
  ].join('\n');
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `\t ${line}`);
}
