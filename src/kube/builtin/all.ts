/** The built-in kinds that Drawbridge serves and uses. */
import type { ResourceDefinition } from '../definition.ts';
import { configMaps } from './config-map.ts';
import { events } from './event.ts';
import { leases } from './lease.ts';
import { namespaces } from './namespace.ts';
import { secrets } from './secret.ts';
import { serviceAccounts } from './service-account.ts';
import { services } from './service.ts';

/** All of them. */
export const builtinDefinitions: readonly ResourceDefinition[] = [
  namespaces,
  secrets,
  configMaps,
  services,
  events,
  serviceAccounts,
  leases,
];
