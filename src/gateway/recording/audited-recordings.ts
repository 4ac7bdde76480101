/** What an audit log says of recordings. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isRecord } from '#kube/index.ts';

/**
 * The hashes that the log has, by the name of the recording; a recording that was told twice has
 * the one that came last. Whether the log itself is intact is not looked at.
 * @throws the fault of the file system when one cannot be read
 */
export async function auditedRecordings(
  ...files: readonly string[]
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const file of files) {
    const lines = createInterface({ input: createReadStream(file) });
    for await (const line of lines) {
      if (!line.includes('"recording":')) continue;
      const recording = recordingIn(line);
      if (recording !== undefined) found.set(recording[0], recording[1]);
    }
  }
  return found;
}

function recordingIn(line: string): readonly [string, string] | undefined {
  try {
    const record: unknown = JSON.parse(line);
    const mark = isRecord(record) ? record['recording'] : undefined;
    if (!isRecord(mark)) return undefined;
    const { name, sha256 } = mark;
    return typeof name === 'string' && typeof sha256 === 'string' ? [name, sha256] : undefined;
  } catch {
    return undefined;
  }
}
