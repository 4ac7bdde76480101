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
export { type BackupFacts, backUpStore } from './backup/back-up.ts';
export { type RestoreOptions, restoreStore } from './backup/restore.ts';
export type { ChangeListener, Store } from './contract.ts';
export { type DirectoryLock, lockDirectory } from './directory-lock.ts';
export { keyPathIn } from './directory.ts';
export { errorDocs, StoreError, type StoreErrorCode } from './errors.ts';
export { fileSealer } from './sealing/file-sealer.ts';
export type { Sealer } from './sealing/sealer.ts';
export { type KeyRotation, type RotatedKey, rotateKey } from './sealing/rotate-key.ts';
export {
  openStore,
  type StoreDeps,
  type StoreLimits,
  type StoreOptions,
} from './store.ts';
