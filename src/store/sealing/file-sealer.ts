/** The sealing of the database for texts that lie in files of their own. */
import { StoreError } from '../errors.ts';
import { makeKeyFile, readKeyFile } from './key-file.ts';
import { Sealer } from './sealer.ts';

/**
 * @param make makes the key file (mode 0600) when there is none
 * @throws StoreError STORE_KEY_MISSING, STORE_KEY_UNUSABLE
 */
export function fileSealer(keyPath: string, collection: string, make: boolean): Sealer {
  const keys = readKeyFile(keyPath);
  if (keys !== undefined) return new Sealer(keys, [collection]);
  if (!make) throw new StoreError('STORE_KEY_MISSING', `there is no key file ${keyPath}`);
  return new Sealer(makeKeyFile(keyPath), [collection]);
}
