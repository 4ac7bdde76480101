/** A compressed archive of small files, in the ustar form that every tar reads. */
import { gzipSync } from 'node:zlib';

/** One file of an archive. */
export interface ArchiveFile {
  /** Relative, with `/`; at most 100 bytes. */
  readonly path: string;
  readonly text: string;
}

const blockBytes = 512;
const nameBytesMax = 100;

/** The archive, gzip-compressed. @param timeSec modification time of the files @throws RangeError for a long path */
export function archiveOf(files: readonly ArchiveFile[], timeSec: number): Buffer {
  const parts = files.flatMap(({ path, text }) => {
    const content = Buffer.from(text, 'utf8');
    const padding = Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes);
    return [headerOf(path, content.length, timeSec), content, padding];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]));
}

function headerOf(path: string, sizeBytes: number, timeSec: number): Buffer {
  if (Buffer.byteLength(path) > nameBytesMax) throw new RangeError(`path too long: ${path}`);
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, width: number): string =>
    `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(path, 0);
  header.write(octal(0o600, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(sizeBytes, 12), 124);
  header.write(octal(timeSec, 12), 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
