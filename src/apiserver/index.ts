/** The embedded Kubernetes API: REST over the store, for the kinds of a registry and no others. */
export {
  type ApiServerDeps,
  type ApiServerOptions,
  type RunningApiServer,
  startApiServer,
} from './server.ts';
export type { AuditLevel } from './access/audit/audit-event.ts';
export { type ApiStoreOptions, openApiStore, sealedCollections } from './api-store.ts';
export type { KubeconfigFileOptions } from './kubeconfig-file.ts';
export {
  ensureServerFiles,
  issueUserFiles,
  type ServerFiles,
  type ServerFilesRequest,
} from './server-files.ts';
export { type KubeconfigRequest, kubeconfigText } from './kubeconfig.ts';
export { type ApiServerLimits } from './limits.ts';
export { type ApiServerErrorCode } from './errors.ts';
