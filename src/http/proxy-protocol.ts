/**
 * The PROXY protocol, versions 1 and 2: a proxy in front tells the client's address in the first
 * bytes of a connection, before TLS. Only for connections of proxies that are trusted, and from
 * those it is required: without it nobody knows who calls.
 * @spec PROXY-protocol 2.1 2.2
 */
import { isIP } from 'node:net';

/** What the first bytes say. */
export type ProxyHeader =
  | { readonly state: 'incomplete' }
  | { readonly state: 'wrong' }
  | {
      readonly state: 'complete';
      /** Bytes of the header. */
      readonly length: number;
      /** Undefined for connections of the proxy itself, such as its health checks. */
      readonly source: { readonly address: string; readonly port: number } | undefined;
    };

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
/** Longest header of version 1 with its line feed. */
const textBytesMax = 107;
/** Longest header of version 2 that is taken: addresses and some extensions. */
const binaryBytesMax = 16 + 512;
const wrong = { state: 'wrong' } as const;
const incomplete = { state: 'incomplete' } as const;

/** Reads the header at the beginning of `bytes`. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const known = Math.min(bytes.length, signature.length);
  if (bytes.subarray(0, known).equals(signature.subarray(0, known))) {
    return bytes.length < 16 ? incomplete : readBinary(bytes);
  }
  const start = 'PROXY ';
  const text = bytes.subarray(0, textBytesMax).toString('latin1');
  if (!text.startsWith(start.slice(0, text.length))) return wrong;
  const end = text.indexOf('\r\n');
  if (end < 0) return bytes.length < textBytesMax ? incomplete : wrong;
  return readText(text.slice(0, end), end + 2);
}

function readText(line: string, length: number): ProxyHeader {
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { state: 'complete', length, source: undefined };
  const match = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line);
  if (match === null) return wrong;
  const [, version, address = '', , port] = match;
  if (isIP(address) !== Number(version) || Number(port) > 65_535) return wrong;
  return { state: 'complete', length, source: { address, port: Number(port) } };
}

function readBinary(bytes: Buffer): ProxyHeader {
  const [version = 0, family = 0] = [bytes[12], bytes[13]];
  const length = 16 + bytes.readUInt16BE(14);
  if (version >> 4 !== 2 || (version & 0xf) > 1 || length > binaryBytesMax) return wrong;
  if (bytes.length < length) return incomplete;
  if ((version & 0xf) === 0) return { state: 'complete', length, source: undefined };
  if (family === 0x11 && length >= 28) {
    const address = [...bytes.subarray(16, 20)].join('.');
    return { state: 'complete', length, source: { address, port: bytes.readUInt16BE(24) } };
  }
  if (family === 0x21 && length >= 52) {
    const words = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(16 + 2 * at));
    const address = words.map((word) => word.toString(16)).join(':');
    return { state: 'complete', length, source: { address, port: bytes.readUInt16BE(48) } };
  }
  return wrong;
}
