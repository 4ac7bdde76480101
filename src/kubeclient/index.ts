/** The door of the Kubernetes client: connection, typed client, informers, writes, events. */
export {
  type DeleteOptions,
  KubeClient,
  type ListOptions,
  type PatchOptions,
  type WatchEvent,
  type WatchEventType,
  type WatchOptions,
  type WriteOptions,
} from './client.ts';
export {
  connectionFromKubeconfig,
  type DirectConnectionOptions,
  directConnection,
  type KubeConnection,
  type KubeconfigOptions,
  type KubeCredentials,
} from './connection.ts';
export {
  errorDocs,
  isKubeError,
  KubeClientError,
  type KubeClientErrorCode,
  type StatusCause,
} from './errors.ts';
export { EventRecorder, type EventRecorderDeps, type RecordedEvent } from './event-recorder.ts';
export {
  type ChangeHandler,
  Informer,
  type InformerDeps,
  type InformerOptions,
  type NamespaceGate,
} from './informer.ts';
export { feed, InformerSet, type KeyReceiver } from './informer-set.ts';
export {
  LeaderElection,
  type LeaderElectionDeps,
  type LeaderElectionOptions,
} from './leader-election.ts';
export { type Change, type Index, type Lister } from './object-cache.ts';
export { type KubeAnswer, type KubeRequest, type TransportLimits } from './transport.ts';
export {
  createOrUpdate,
  updateStatus,
  type WriteOutcome,
  type WritingClient,
  type Written,
} from './write.ts';
