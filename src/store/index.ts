/**
 * Durable objects with one global revision counter, compare-and-swap writes, a change log that
 * watches can resume from, and lists at a past revision. One process per data directory.
 */
export type {
  Change,
  ChangeType,
  ListPage,
  ListRange,
  ObjectKey,
  StoredObject,
  WriteRequest,
} from './change.ts';
export type { ChangeListener, Store } from './contract.ts';
export { type DirectoryLock, lockDirectory } from './directory-lock.ts';
export { errorDocs, StoreError, type StoreErrorCode } from './errors.ts';
export {
  defaultStoreLimits,
  openStore,
  type StoreDeps,
  type StoreLimits,
  type StoreOptions,
} from './store.ts';
