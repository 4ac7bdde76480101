/** Door of management: entities of routers, requests about them, and a client that makes requests. */
export type {
  Attributes,
  AttributeSpec,
  AttributeType,
  AttributeValue,
} from './attribute.ts';
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
  checkChanges,
  completeAttributes,
  type EntityOperation,
  type EntitySpec,
} from './entity-spec.ts';
export { entityTypes, findEntityType } from './entity-table.ts';
export {
  errorDocs,
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
