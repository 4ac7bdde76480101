/** Whole values to bytes and back. @spec AMQP-1.0 1.6 */
import { AssertionFault } from '#base/assert.ts';
import type { AmqpValue, Encodable } from './typed.ts';

/** @throws AmqpError AMQP_ENCODE, AMQP_DEPTH */
export function encodeValue(_value: Encodable): Uint8Array {
  throw new AssertionFault('codec follows in the next commit');
}

/** Decodes one value that fills `bytes`. @throws AmqpError AMQP_DECODE, AMQP_DEPTH */
export function decodeValue(_bytes: Uint8Array): AmqpValue {
  throw new AssertionFault('codec follows in the next commit');
}
