/**
 * The header blocks of one direction. They share one compression, so that each must be read, in
 * order, to read the next. What a terminal needs is tiny, so all blocks are kept and inflated anew:
 * no state of a decompressor lives on between them.
 * @spec SPDY/3.1 2.6.10
 */
import { constants, inflateSync } from 'node:zlib';
import { unfollowable } from '../channel-sink.ts';
import { headerDictionary } from './dictionary.ts';

/** Of all blocks of a direction, as they are sent. */
const compressedBytesMax = 16 * 1024;
/** Of all of them inflated. */
const plainBytesMax = 64 * 1024;
const lengthBytes = 4;

export class HeaderBlocks {
  #blocks: Buffer = Buffer.alloc(0);
  #plainBytes = 0;

  /**
   * The headers of the next block. Names that come twice, values of several parts and bytes that
   * belong to no header are refused: others might read them otherwise.
   * @throws GatewayError GATEWAY_RECORDING
   */
  read(block: Buffer): ReadonlyMap<string, string> {
    if (this.#blocks.length + block.length > compressedBytesMax)
      throw unfollowable('too many headers');
    this.#blocks = Buffer.concat([this.#blocks, block]);
    const plain = inflated(this.#blocks);
    const from = this.#plainBytes;
    this.#plainBytes = plain.length;
    return headersIn(plain.subarray(from));
  }
}

function inflated(blocks: Buffer): Buffer {
  try {
    return inflateSync(blocks, {
      dictionary: headerDictionary,
      // A block ends with a flush and not with the end of the stream.
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: plainBytesMax,
    });
  } catch {
    throw unfollowable('its headers cannot be inflated');
  }
}

function headersIn(plain: Buffer): ReadonlyMap<string, string> {
  let at = 0;
  const take = (size: number): Buffer => {
    if (at + size > plain.length) throw unfollowable('a header is cut off');
    at += size;
    return plain.subarray(at - size, at);
  };
  const length = (): number => take(lengthBytes).readUInt32BE(0);
  const headers = new Map<string, string>();
  for (let left = length(); left > 0; left--) {
    const name = take(length()).toString('latin1');
    const value = take(length()).toString('latin1');
    if (name === '' || /[^!-~]|[A-Z]/.test(name) || headers.has(name) || value.includes('\0')) {
      throw unfollowable('a header is ambiguous');
    }
    headers.set(name, value);
  }
  if (at !== plain.length) throw unfollowable('bytes follow the headers');
  return headers;
}
