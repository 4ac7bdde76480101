/** Sites as people read them. */
import type { Site } from '../api/kinds.ts';
import { renderTable } from './table.ts';

/** The sites, then where others link to and which sites are in reach. */
export function renderSites(sites: readonly Site[]): string {
  const rows = sites.map(({ metadata, status }) => [
    metadata.name,
    status?.status ?? '',
    status?.message ?? '',
  ]);
  const endpoints = sites.flatMap(({ status }) => status?.endpoints ?? []);
  const network = sites.flatMap(({ status }) => status?.network ?? []);
  return [
    renderTable(['NAME', 'STATUS', 'MESSAGE'], rows),
    section(
      ['ENDPOINT', 'HOST', 'PORT'],
      endpoints.map(({ name, host, port }) => [name ?? '', host ?? '', port ?? '']),
    ),
    section(
      ['SITE IN NETWORK', 'NAMESPACE', 'PLATFORM', 'VERSION', 'LINKS TO'],
      network.map((each) => [
        each.name ?? '',
        each.namespace ?? '',
        each.platform ?? '',
        each.version ?? '',
        (each.links ?? []).map((link) => link.remoteSiteName ?? '').join(', '),
      ]),
    ),
  ].join('');
}

function section(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `\n${renderTable(titles, rows)}`;
}
