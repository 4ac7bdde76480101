/** The door of the controllers: Site, access, Link, Listener, Connector, and the runtimes. */
export {
  ClusterRuntime,
  type ClusterRuntimeDeps,
  type ClusterRuntimeOptions,
} from './cluster/cluster-runtime.ts';
export {
  type AccessSettings,
  accessTypeNames,
  checkAccessSettings,
} from './cluster/exposure/access-methods.ts';
export { clusterKind, deployment, pod } from './cluster/kinds.ts';
export { healthListenerName } from './cluster/router-place.ts';
export { clusterKinds } from './cluster/watched-kinds.ts';
export type { CertificateWish, ControllerIdentity } from './context.ts';
export { ControllerError, type ControllerErrorCode } from './errors.ts';
export {
  LocalRuntime,
  type LocalRuntimeDeps,
  type LocalRuntimeOptions,
} from './local/local-runtime.ts';
export { writeWhole } from './local/whole-file.ts';
export { annotations as controllerAnnotations, siteObjects } from './names.ts';
export { credentialsOf } from './router-config/credentials.ts';
export { managementListener, managementProfile } from './router-config/entities.ts';
export { digestsOf } from './router-config/plan.ts';
export {
  type CredentialFile,
  digestOf as credentialsDigest,
} from './router-config/tls-profiles.ts';
export type {
  Placement,
  PlacementRequest,
  RouterCredentials,
  RouterHealth,
  RouterRequest,
  ServicePurpose,
  SiteRuntime,
} from './runtime.ts';
export type {
  OpenRouterConnection,
  RouterConnection,
  RouterConnectionHandlers,
  RouterTarget,
} from './site-router/router-connection.ts';
export {
  type ControllersDeps,
  type ControllersOptions,
  type RunningControllers,
  startControllers,
} from './start.ts';
