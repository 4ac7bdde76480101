/**
 * The file of a recording, sealed piece by piece, so that it can be written while it grows and
 * nothing of it is readable at rest:
 *
 *   drawbridge recording 1\n
 *   ( kind (1) | length (4) | sealed text )*        kind: a about, d data, e end
 *
 * The name of the recording, the number of the piece and its kind are sealed with it: pieces cannot
 * be moved, dropped or taken over into another file, and one without an end was cut short.
 */
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Sealer } from '#store/index.ts';
import { GatewayError } from '../errors.ts';

const heading = Buffer.from('drawbridge recording 1\n');
const collection = 'recordings';
const kinds = { about: 0x61, data: 0x64, end: 0x65 } as const;
/** Of one sealed piece; bytes. */
const pieceBytesMax = 4 * 1024 * 1024;
const pieceHeadBytes = 5;

type Kind = keyof typeof kinds;

/** What the audit log keeps of a recording. */
export interface RecordingMark {
  readonly name: string;
  /** Of the file as it lies on the disk; hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

export class RecordingWriter {
  readonly name: string;
  readonly #sealer: Sealer;
  readonly #hash: Hash = createHash('sha256');
  #file: FileHandle | undefined;
  #pieces = 0;
  #bytes = 0;

  private constructor(name: string, sealer: Sealer, file: FileHandle) {
    this.name = name;
    this.#sealer = sealer;
    this.#file = file;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Makes the file and writes its first piece. @throws the fault of the file system */
  static async create(
    path: string,
    {
      name,
      about,
      sealer,
    }: { readonly name: string; readonly about: string; readonly sealer: Sealer },
  ): Promise<RecordingWriter> {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    const writer = new RecordingWriter(name, sealer, file);
    try {
      await writer.#put(heading);
      await writer.#piece('about', about);
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
    return writer;
  }

  /** @throws the fault of the file system */
  async write(text: string): Promise<void> {
    await this.#piece('data', text);
  }

  /** Writes the end, and waits until all is on the disk. @throws the fault of the file system */
  async finish(facts: string): Promise<RecordingMark> {
    await this.#piece('end', facts);
    await this.#file?.sync();
    await this.close();
    return { name: this.name, sha256: this.#hash.digest('hex'), bytes: this.#bytes };
  }

  /** Without an end. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #piece(kind: Kind, text: string): Promise<void> {
    await this.#put(pieceOf({ name: this.name, sealer: this.#sealer }, this.#pieces, kind, text));
    this.#pieces++;
  }

  async #put(bytes: Buffer): Promise<void> {
    await this.#file?.appendFile(bytes);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }
}

/** A piece as it lies in the file. @param number counted from 0 */
export function pieceOf(
  { name, sealer }: { readonly name: string; readonly sealer: Sealer },
  number: number,
  kind: Kind,
  text: string,
): Buffer {
  const body = Buffer.from(sealer.seal(placeOf(name, number, kind), text));
  const head = Buffer.alloc(pieceHeadBytes);
  head[0] = kinds[kind];
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** What a whole file shows. */
export interface RecordingRead {
  /** Text of the first piece. */
  readonly about: string;
  /** Text of the end; undefined when the file was cut short. */
  readonly end: string | undefined;
  readonly bytes: number;
  readonly sha256: string;
  /** Whole pieces, and the bytes up to the end of the last of them. */
  readonly pieces: number;
  readonly wholeBytes: number;
}

/**
 * Reads a file to its end or to where it was cut.
 * @param onText told each piece of the asciicast in order
 * @throws GatewayError GATEWAY_RECORDING when it is no recording, or changed; StoreError for its key
 */
export async function readRecording(
  path: string,
  { name, sealer }: { readonly name: string; readonly sealer: Sealer },
  onText: (text: string) => void | Promise<void> = () => undefined,
): Promise<RecordingRead> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    const take = async (size: number): Promise<Buffer | undefined> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size);
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
      return bytesRead === size ? buffer : undefined;
    };
    if ((await take(heading.length))?.equals(heading) !== true) {
      throw broken(name, 'it is no recording');
    }
    let about = '';
    let end: string | undefined;
    let wholeBytes = bytes;
    let number = 0;
    for (; ; number++) {
      const head = await take(pieceHeadBytes);
      if (head === undefined) break;
      const kind = kindOf(head[0]);
      const size = head.readUInt32BE(1);
      if (kind === undefined || size > pieceBytesMax || end !== undefined) {
        throw broken(name, 'it was changed');
      }
      if ((kind === 'about') !== (number === 0)) throw broken(name, 'it was changed');
      const body = await take(size);
      if (body === undefined) break;
      const text = sealer.open(placeOf(name, number, kind), body);
      if (kind === 'about') about = text;
      else if (kind === 'end') end = text;
      else await onText(text);
      wholeBytes = bytes;
    }
    if (about === '') throw broken(name, 'it was cut before its first piece');
    return { about, end, bytes, sha256: hash.digest('hex'), pieces: number, wholeBytes };
  } finally {
    await file.close();
  }
}

function placeOf(name: string, number: number, kind: Kind) {
  return { collection, namespace: name, name: `${number} ${kind}` };
}

function kindOf(byte: number | undefined): Kind | undefined {
  if (byte === kinds.about) return 'about';
  if (byte === kinds.data) return 'data';
  return byte === kinds.end ? 'end' : undefined;
}

function broken(name: string, why: string): GatewayError {
  return new GatewayError('GATEWAY_RECORDING', `the recording ${name} cannot be read: ${why}`);
}

/** What can be told without reading all of it. */
export type RecordingGlance = Pick<RecordingRead, 'about' | 'end' | 'bytes'>;

/** @throws as `readRecording` */
export async function glanceRecording(
  path: string,
  { name, sealer }: { readonly name: string; readonly sealer: Sealer },
): Promise<RecordingGlance> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size: bytes } = await file.stat();
    const at = async (position: number, size: number): Promise<Buffer | undefined> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, position);
      return bytesRead === size ? buffer : undefined;
    };
    if ((await at(0, heading.length))?.equals(heading) !== true) {
      throw broken(name, 'it is no recording');
    }
    let about: string | undefined;
    let position = heading.length;
    for (let number = 0; ; number++) {
      const head = await at(position, pieceHeadBytes);
      const kind = kindOf(head?.[0]);
      const size = head?.readUInt32BE(1) ?? 0;
      if (head === undefined || kind === undefined || size > pieceBytesMax) break;
      position += pieceHeadBytes + size;
      if (kind === 'data') continue;
      const body = await at(position - size, size);
      if (body === undefined) break;
      const text = sealer.open(placeOf(name, number, kind), body);
      if (kind === 'end' && about !== undefined) return { about, end: text, bytes };
      if (number > 0) break;
      about = text;
    }
    if (about === undefined) throw broken(name, 'it was cut before its first piece');
    return { about, end: undefined, bytes };
  } finally {
    await file.close();
  }
}
