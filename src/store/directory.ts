/** Names of the files in a data directory that belong to the store. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from './errors.ts';

/** The database. */
export const databasePath = (directory: string): string => join(directory, 'drawbridge.db');

/** The keys of sealed collections. */
export const keyPathIn = (directory: string): string => join(directory, 'secrets.key');

/** The database of a directory that must have one. @throws StoreError STORE_ABSENT */
export function existingDatabase(directory: string): string {
  const path = databasePath(directory);
  if (existsSync(path)) return path;
  throw new StoreError('STORE_ABSENT', `there is no ${path}`);
}
