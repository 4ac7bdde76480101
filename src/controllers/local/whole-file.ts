/** Files that are there as a whole or not at all, readable by their owner alone. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes unless the content is there already. @returns true when it was written */
export async function writeWhole(path: string, content: Buffer): Promise<boolean> {
  const known = await readFile(path).catch(() => undefined);
  if (known?.equals(content) === true) return false;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.new`;
  await writeFile(draft, content, { mode: 0o600 });
  await rename(draft, path);
  return true;
}
