/** Incoming links, that is certificates handed out, as people read them. */
import type { IssuedLink } from '../api/kinds.ts';
import type { Revoked } from '../deeds/revoke.ts';
import { renderTable } from './table.ts';

/** One row per certificate, with a title of its own. */
export function renderIncoming(links: readonly IssuedLink[]): string {
  const rows = links.map((each) => [
    each.metadata.name,
    each.status?.status ?? '',
    each.status?.connected === true ? 'yes' : 'no',
    siteOf(each),
    each.spec?.grantName ?? '',
    each.status?.lastSeenTime ?? '',
    each.status?.message ?? '',
  ]);
  return renderTable(
    ['INCOMING', 'STATUS', 'CONNECTED', 'REMOTE SITE', 'GRANT', 'LAST SEEN', 'MESSAGE'],
    rows,
  );
}

/** Who was revoked and who confirmed it. */
export function renderRevoked(revoked: Revoked): string {
  const lines = [
    ...revoked.links.map((each) => {
      const said = each.status?.conditions?.find(({ type }) => type === 'Revoked')?.message ?? '';
      return `Access of site "${siteOf(each)}" with ${each.metadata.name} is revoked: ${said}`;
    }),
    ...revoked.grants.map((name) => `Grant "${name}" is deleted`),
    ...(revoked.replacedIssuer === undefined
      ? []
      : [`The CA in Secret "${revoked.replacedIssuer}" and what it signed here are replaced`]),
    `Done in ${Math.round(revoked.ms)} ms`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function siteOf({ spec, status }: IssuedLink): string {
  return status?.remoteSiteName ?? spec?.siteName ?? spec?.siteId ?? '';
}
