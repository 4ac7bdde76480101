/** What became of a delivery, and the error record of AMQP. @spec AMQP-1.0 3.4 2.8.14 */
import type { ByteWriter } from './byte-writer.ts';
import type { Cursor } from './cursor.ts';
import { Descriptors } from './descriptors.ts';
import { readValue, skipValue } from './decode.ts';
import { closeCompound, openCompound, writeUint, writeUlong, writeValue } from './encode.ts';
import { ListFields, readDescriptorCode } from './list-fields.ts';
import { type AmqpMap, Described, type Encodable, sym } from './typed.ts';

/** An error as it goes over the wire. */
export interface AmqpCondition {
  readonly condition: string;
  readonly description?: string | undefined;
  readonly info?: AmqpMap | undefined;
}

export type DeliveryState =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'released' }
  | { readonly kind: 'rejected'; readonly error?: AmqpCondition | undefined }
  | {
      readonly kind: 'modified';
      readonly deliveryFailed: boolean;
      readonly undeliverableHere: boolean;
    }
  /** Progress, not an outcome: `sectionOffset` bytes of section `sectionNumber` have arrived. */
  | { readonly kind: 'received'; readonly sectionNumber: number; readonly sectionOffset: number };

export const accepted: DeliveryState = { kind: 'accepted' };
export const released: DeliveryState = { kind: 'released' };
export const modified = (deliveryFailed = true, undeliverableHere = false): DeliveryState => ({
  kind: 'modified',
  deliveryFailed,
  undeliverableHere,
});
export const rejected = (condition: string, description?: string): DeliveryState => ({
  kind: 'rejected',
  error: { condition, description },
});
/** Progress of a stream: `sectionOffset` bytes have been passed on. */
export const received = (sectionOffset: number, sectionNumber = 0): DeliveryState => ({
  kind: 'received',
  sectionNumber,
  sectionOffset,
});

/** The error record as a value to encode. */
export function conditionToValue(error: AmqpCondition): Encodable {
  const fields: Encodable[] = [sym(error.condition)];
  if (error.description !== undefined || error.info) fields.push(error.description);
  if (error.info) fields.push(error.info);
  return new Described(Descriptors.error, fields);
}

/** An error record, undefined when absent. @throws AmqpError AMQP_DECODE */
export function conditionOf(described: Described | undefined): AmqpCondition | undefined {
  if (!described || described.descriptor !== Descriptors.error) return undefined;
  const fields = new ListFields((described as Described<never>).value);
  return {
    condition: fields.text(0) ?? 'amqp:internal-error',
    description: fields.text(1),
    info: fields.map(2),
  };
}

/** Writes the state as a described list. */
export function writeDeliveryState(out: ByteWriter, state: DeliveryState): void {
  out.u8(0x00);
  switch (state.kind) {
    case 'accepted':
      out.u8pair(0x53, Descriptors.accepted);
      return out.u8(0x45);
    case 'released':
      out.u8pair(0x53, Descriptors.released);
      return out.u8(0x45);
    case 'rejected':
      out.u8pair(0x53, Descriptors.rejected);
      return writeValue(out, state.error ? [conditionToValue(state.error)] : []);
    case 'modified':
      out.u8pair(0x53, Descriptors.modified);
      return writeValue(out, [state.deliveryFailed, state.undeliverableHere]);
    case 'received': {
      out.u8pair(0x53, Descriptors.received);
      const start = out.size;
      openCompound(out, 0xc0);
      writeUint(out, state.sectionNumber);
      writeUlong(out, state.sectionOffset);
      return closeCompound(out, start, 2);
    }
  }
}

/**
 * Reads a state; undefined for null and for states we do not know (transactions).
 * @throws AmqpError AMQP_DECODE
 */
export function readDeliveryState(cursor: Cursor): DeliveryState | undefined {
  if (cursor.buffer[cursor.position] === 0x40) {
    cursor.position++;
    return undefined;
  }
  const code = readDescriptorCode(cursor);
  if (code === Descriptors.accepted || code === Descriptors.released) {
    skipValue(cursor);
    return code === Descriptors.accepted ? accepted : released;
  }
  const fields = new ListFields(readValue(cursor));
  switch (code) {
    case Descriptors.received:
      return received(fields.ulong(1) ?? 0, fields.uint(0) ?? 0);
    case Descriptors.rejected:
      return { kind: 'rejected', error: conditionOf(fields.described(0)) };
    case Descriptors.modified:
      return modified(fields.boolean(0) ?? false, fields.boolean(1) ?? false);
    default:
      return undefined;
  }
}
