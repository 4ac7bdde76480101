/** SPDY frames as kubectl and kubelets send them. */
import { constants, createDeflate, type Deflate } from 'node:zlib';
import { headerDictionary } from '#gateway/recording/spdy/dictionary.ts';

/** A control frame. @param flags see SPDY/3.1 2.2.1 */
export function controlFrame(type: number, payload: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(type, 2);
  head[4] = flags;
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

export function dataFrame(stream: number, data: Buffer | string, fin = false): Buffer {
  const bytes = Buffer.from(data);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(stream, 0);
  head[4] = fin ? 1 : 0;
  head.writeUIntBE(bytes.length, 5, 3);
  return Buffer.concat([head, bytes]);
}

export const pingFrame: Buffer = controlFrame(6, Buffer.from([0, 0, 0, 1]));

/** A header block before it is deflated. */
export function headerBlock(headers: readonly (readonly [string, string])[]): Buffer {
  const sized = (text: string): Buffer => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(Buffer.byteLength(text));
    return Buffer.concat([size, Buffer.from(text)]);
  };
  const count = Buffer.alloc(4);
  count.writeUInt32BE(headers.length);
  return Buffer.concat([count, ...headers.flatMap(([name, value]) => [sized(name), sized(value)])]);
}

/** The header blocks of one direction, which share one compression. */
export class HeaderWriter {
  readonly #deflate: Deflate = createDeflate({ dictionary: headerDictionary });

  /** @param plain what `headerBlock` gives */
  async deflated(plain: Buffer): Promise<Buffer> {
    const parts: Buffer[] = [];
    const take = (part: Buffer): void => void parts.push(part);
    this.#deflate.on('data', take);
    this.#deflate.write(plain);
    await new Promise<void>((resolve) => {
      this.#deflate.flush(constants.Z_SYNC_FLUSH, resolve);
    });
    this.#deflate.off('data', take);
    return Buffer.concat(parts);
  }

  async synStream(
    stream: number,
    headers: readonly (readonly [string, string])[],
  ): Promise<Buffer> {
    return this.synStreamOf(stream, headerBlock(headers));
  }

  async synStreamOf(stream: number, plain: Buffer): Promise<Buffer> {
    const head = Buffer.alloc(10);
    head.writeUInt32BE(stream, 0);
    return controlFrame(1, Buffer.concat([head, await this.deflated(plain)]));
  }

  /** The answer to a stream. */
  async synReply(stream: number): Promise<Buffer> {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(stream, 0);
    return controlFrame(2, Buffer.concat([head, await this.deflated(headerBlock([]))]));
  }
}

/** The streams that kubectl opens for a terminal, by what they carry. */
export const terminalStreams = { error: 1, stdin: 3, stdout: 5, resize: 7, stderr: 9 } as const;

export async function openTerminal(writer: HeaderWriter): Promise<Buffer> {
  const frames: Buffer[] = [];
  for (const [name, stream] of Object.entries(terminalStreams)) {
    frames.push(await writer.synStream(stream, [['streamtype', name]]));
  }
  return Buffer.concat(frames);
}
