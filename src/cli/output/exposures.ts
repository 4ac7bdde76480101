/** Listeners and connectors as people read them. */
import type { Connector, Listener } from '../api/kinds.ts';
import { renderTable } from './table.ts';

/** One row per listener. */
export function renderListeners(listeners: readonly Listener[]): string {
  return renderTable(
    ['NAME', 'STATUS', 'ROUTING-KEY', 'HOST', 'PORT', 'MATCHING-CONNECTOR', 'MESSAGE'],
    listeners.map(({ metadata, spec, status }) => [
      metadata.name,
      status?.status ?? '',
      spec?.routingKey ?? '',
      spec?.host ?? '',
      String(spec?.port ?? ''),
      String(status?.hasMatchingConnector ?? false),
      status?.message ?? '',
    ]),
  );
}

/** One row per connector. */
export function renderConnectors(connectors: readonly Connector[]): string {
  return renderTable(
    [
      'NAME',
      'STATUS',
      'ROUTING-KEY',
      'SELECTOR',
      'HOST',
      'PORT',
      'HAS MATCHING LISTENER',
      'MESSAGE',
    ],
    connectors.map(({ metadata, spec, status }) => [
      metadata.name,
      status?.status ?? '',
      spec?.routingKey ?? '',
      spec?.selector ?? '',
      spec?.host ?? '',
      String(spec?.port ?? ''),
      String(status?.hasMatchingListener ?? false),
      status?.message ?? '',
    ]),
  );
}
