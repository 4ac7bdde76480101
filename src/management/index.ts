/** Door of management: entities of routers, requests about them, and a client that makes requests. */
export type {
  Attributes,
  AttributeSpec,
  AttributeType,
  AttributeValue,
} from './attribute.ts';
export { managementClient } from './client.ts';
export { parseRouterConfig, type ConfigEntity } from './config-file.ts';
export type {
  ManagementClient,
  ManagementClientDeps,
  ManagementClientOptions,
  RequestOptions,
  StartableManagementClient,
  Subscription,
} from './client-contract.ts';
export {
  type FlowCarrier,
  networkWatcher,
  type NetworkWatcher,
  siteAnnouncer,
  type SiteAnnouncement,
  type SiteAnnouncer,
} from './flow-carrier.ts';
export {
  checkChanges,
  completeAttributes,
  type EntityOperation,
  type EntitySpec,
} from './entity-spec.ts';
export { entityTypes, findEntityType } from './entity-table.ts';
export {
  ManagementError,
  type ManagementErrorCode,
  statusCodeOf,
} from './errors.ts';
export {
  decodeRequest,
  decodeResponse,
  decodeRows,
  encodeRequest,
  encodeResponse,
  type EntityReference,
  type ManagementRequest,
  type ManagementResponse,
} from './request.ts';
