/** Ends a recording whose process did not: what it has stays, and its end says that it was cut. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Sealer } from '#store/index.ts';
import { parseEvent } from './asciicast.ts';
import { pieceOf, readRecording, type RecordingMark } from './recording-file.ts';

/**
 * Nothing to do when it has an end. What was cut in the middle of a piece goes: a piece is shown
 * only after it is whole.
 * @returns its mark, and the text of its first piece
 * @throws as `readRecording`; the fault of the file system
 */
export async function sealCut(
  path: string,
  { name, sealer }: { readonly name: string; readonly sealer: Sealer },
): Promise<{
  readonly mark: RecordingMark;
  readonly about: string;
  readonly durationMs: number;
  readonly wasWhole: boolean;
}> {
  let durationMs = 0;
  const onText = (text: string): void => {
    const last = parseEvent(text.trimEnd().split('\n').at(-1) ?? '');
    if (last !== undefined) durationMs = Math.round(last.atMs);
  };
  const found = await readRecording(path, { name, sealer }, onText);
  if (found.end === undefined) {
    const end = JSON.stringify({ durationMs, cut: true });
    const piece = pieceOf({ name, sealer }, found.pieces, 'end', end);
    const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      await file.truncate(found.wholeBytes);
      let done = 0;
      while (done < piece.length) {
        const at = found.wholeBytes + done;
        done += (await file.write(piece, done, piece.length - done, at)).bytesWritten;
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }
  const { about, bytes, sha256 } = await readRecording(path, { name, sealer }, () => undefined);
  const wasWhole = found.end !== undefined;
  return { mark: { name, sha256, bytes }, about, durationMs, wasWhole };
}
