/** The token of an account in a file that is replaced before it ends. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '#base/clock.ts';
import { readText } from '../tls-files.ts';

/** It is read again this often; milliseconds. */
const readMs = 30_000;

/**
 * What the file holds, read again as it gets old. A file that is away or empty in that moment is
 * being replaced: the last token is used on.
 * @throws when it cannot be read the first time
 */
export async function accountTokenIn(path: string, clock: Clock): Promise<() => Promise<string>> {
  let token = (await readText(path, 'the token')).trim();
  let readAtMs = clock.monotonicMs();
  return async () => {
    if (clock.monotonicMs() - readAtMs > readMs) {
      readAtMs = clock.monotonicMs();
      const found = (await readFile(path, 'utf8').catch(() => '')).trim();
      if (found !== '') token = found;
    }
    return token;
  };
}
