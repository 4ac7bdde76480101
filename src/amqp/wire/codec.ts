/** Whole values to bytes and back. @spec AMQP-1.0 1.6 */
import { ByteWriter } from './byte-writer.ts';
import { Cursor, malformed } from './cursor.ts';
import { readValue } from './decode.ts';
import { writeValue } from './encode.ts';
import type { AmqpValue, Encodable } from './typed.ts';

/** @throws AmqpError AMQP_ENCODE, AMQP_DEPTH */
export function encodeValue(value: Encodable): Uint8Array {
  const out = new ByteWriter();
  writeValue(out, value);
  return out.copy();
}

/** Decodes one value that fills `bytes`. @throws AmqpError AMQP_DECODE, AMQP_DEPTH */
export function decodeValue(bytes: Uint8Array): AmqpValue {
  const cursor = new Cursor(bytes);
  const value = readValue(cursor);
  if (cursor.left !== 0) throw malformed('bytes follow the value');
  return value;
}
