/**
 * A screen that may be looked at only: of what a browser sends, the messages that ask for pictures
 * pass, keys, pointers and clipboards do not, and anything unknown ends the stream. Frames are
 * written anew, because what is left out changes their length.
 * @spec RFC6455 5.2, RFC6143 7.1 7.5
 */
import { Transform, type TransformCallback } from 'node:stream';
import { GatewayError } from '../errors.ts';

/** Largest frame from a client; pictures go the other way. Bytes. */
const frameBytesMax = 1024 * 1024;
/** Longest list of encodings; entries. */
const encodingsMax = 1024;

const opcodes = { continuation: 0, text: 1, binary: 2 } as const;

/** Takes a client's WebSocket bytes and gives those that may go on. */
export class ViewOnlyFilter extends Transform {
  readonly #screen = new ScreenMessages();
  #pending: Buffer = Buffer.alloc(0);

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    try {
      for (let frame = this.#take(); frame !== undefined; frame = this.#take()) {
        const { opcode, payload } = frame;
        const isData = opcode <= opcodes.binary;
        const passed = isData ? this.#screen.push(payload) : payload;
        if (!isData) this.push(maskedFrame(opcode, passed));
        else if (passed.length > 0) this.push(maskedFrame(opcodes.binary, passed));
      }
      done();
    } catch (thrown) {
      done(thrown instanceof Error ? thrown : refused('the stream cannot be read'));
    }
  }

  /** The next whole frame, unmasked. @throws GatewayError for one that a client may not send */
  #take(): { readonly opcode: number; readonly payload: Buffer } | undefined {
    const bytes = this.#pending;
    if (bytes.length < 2) return undefined;
    const [first = 0, second = 0] = bytes;
    if ((second & 0x80) === 0) throw refused('frames of clients are masked');
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (bytes.length < 2 + lengthBytes) return undefined;
    const size = sizeAt(bytes, short);
    if (size > frameBytesMax) throw refused('a frame is too large');
    const start = 2 + lengthBytes + 4;
    if (bytes.length < start + size) return undefined;
    const mask = bytes.subarray(start - 4, start);
    const payload = Buffer.from(bytes.subarray(start, start + size));
    for (let at = 0; at < payload.length; at++) {
      payload[at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
    }
    this.#pending = bytes.subarray(start + size);
    return { opcode: first & 0x0f, payload };
  }
}

function sizeAt(bytes: Buffer, short: number): number {
  if (short < 126) return short;
  return short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
}

/** A frame as clients send it. A mask of zeros is one, and the server takes it off as any other. */
function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + lengthBytes + 4);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(length, 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** Sizes of messages that ask for pictures, by type; those with a list are counted apart. */
const asking: Readonly<Record<number, number>> = { 0: 20, 3: 10, 150: 10 };
/** Sizes of messages that act: keys, pointers, the size of the screen. */
const acting: Readonly<Record<number, number>> = { 4: 8, 5: 6 };
const setEncodings = 2;
const clipboard = 6;
const fence = 248;
const setSize = 251;
const extendedKey = 255;

/** The client's side of RFB: what comes before the messages, then message by message. */
class ScreenMessages {
  #phase: 'version' | 'security' | 'init' | 'open' = 'version';
  #pending: Buffer = Buffer.alloc(0);
  /** Bytes of a message that is left out and still comes. */
  #skip = 0;

  /** The bytes that may go on. @throws GatewayError for what is not known */
  push(chunk: Buffer): Buffer {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const passed: Buffer[] = [];
    for (;;) {
      this.#drop();
      const size = this.#sizeOfNext();
      if (size === undefined || this.#skip > 0) break;
      if (size < 0) {
        this.#skip = -size;
        continue;
      }
      if (this.#pending.length < size) break;
      passed.push(this.#pending.subarray(0, size));
      this.#pending = this.#pending.subarray(size);
      this.#advance();
    }
    return Buffer.concat(passed);
  }

  #drop(): void {
    const dropped = Math.min(this.#skip, this.#pending.length);
    this.#skip -= dropped;
    this.#pending = this.#pending.subarray(dropped);
  }

  #advance(): void {
    if (this.#phase === 'version') this.#phase = 'security';
    else if (this.#phase === 'security') this.#phase = 'init';
    else this.#phase = 'open';
  }

  /** Bytes of what comes next; negative when it is left out, undefined when more is needed. */
  #sizeOfNext(): number | undefined {
    if (this.#phase === 'version') return 12;
    const [type] = this.#pending;
    if (type === undefined) return undefined;
    if (this.#phase === 'security') {
      // Only screens without a password of their own: what else comes could not be told apart.
      if (type !== 1) throw refused('the screen asks for a login of its own');
      return 1;
    }
    if (this.#phase === 'init') return 1;
    const known = asking[type];
    if (known !== undefined) return known;
    const act = acting[type];
    if (act !== undefined) return -act;
    return this.#sizeOfList(type);
  }

  #sizeOfList(type: number): number | undefined {
    const bytes = this.#pending;
    switch (type) {
      case setEncodings: {
        if (bytes.length < 4) return undefined;
        const count = bytes.readUInt16BE(2);
        if (count > encodingsMax) throw refused('too many encodings');
        return 4 + 4 * count;
      }
      case clipboard: {
        if (bytes.length < 8) return undefined;
        // A negative length is the extended clipboard's.
        return -(8 + Math.abs(bytes.readInt32BE(4)));
      }
      case fence:
        return bytes.length < 9 ? undefined : 9 + (bytes[8] ?? 0);
      case setSize:
        return bytes.length < 8 ? undefined : -(8 + 16 * (bytes[6] ?? 0));
      case extendedKey:
        if (bytes.length < 2) return undefined;
        if (bytes[1] !== 0) throw refused('the screen is for looking only');
        return -12;
      default:
        throw refused('the screen is for looking only');
    }
  }
}

function refused(why: string): GatewayError {
  return new GatewayError('GATEWAY_REQUEST', why, { close: true });
}
