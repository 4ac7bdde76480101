/**
 * Reconcile: a keyed work queue and the loop that runs a reconciler over it. Knows no Kubernetes.
 */
export { type ReconcileErrorCode, terminalError } from './errors.ts';
export {
  type KeySink,
  ReconcileLoop,
  type ReconcileLoopDeps,
  type ReconcileLoopOptions,
  type Reconciler,
  type ReconcileResult,
} from './reconcile-loop.ts';
export { WorkQueue } from './work-queue.ts';
