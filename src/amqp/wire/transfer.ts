/** `transfer`, read straight into reused fields. @spec AMQP-1.0 2.7.5 */
import type { Buffer } from 'node:buffer';
import { type Cursor, malformed } from './cursor.ts';
import { skipValue } from './decode.ts';
import { type DeliveryState, readDeliveryState } from './delivery-state.ts';
import { enterList, readBooleanField, readUintField } from './list-fields.ts';

/** Longest delivery tag. @spec AMQP-1.0 2.8.7 */
export const deliveryTagBytesMax = 32;

/** Fields of the transfer read last; valid until the next one. */
export class Transfer {
  handle = 0;
  /** -1 when absent, as in continuation frames. */
  deliveryId = -1;
  /** View of the read buffer; undefined when absent. */
  tag: Buffer | undefined = undefined;
  messageFormat = 0;
  settled = false;
  more = false;
  state: DeliveryState | undefined = undefined;
  aborted = false;

  /** @throws AmqpError AMQP_DECODE */
  read(cursor: Cursor): void {
    this.deliveryId = -1;
    this.tag = undefined;
    this.messageFormat = 0;
    this.settled = false;
    this.more = false;
    this.state = undefined;
    this.aborted = false;
    const count = enterList(cursor);
    if (count < 1 || count > 11) throw malformed('transfer has a wrong number of fields');
    this.handle = readUintField(cursor);
    if (this.handle < 0) throw malformed('transfer without handle');
    if (count > 1) this.deliveryId = readUintField(cursor);
    if (count > 2) this.tag = readTag(cursor);
    if (count > 3) this.messageFormat = Math.max(0, readUintField(cursor));
    if (count > 4) this.settled = readBooleanField(cursor);
    if (count > 5) this.more = readBooleanField(cursor);
    if (count > 6) skipValue(cursor);
    if (count > 7) this.state = readDeliveryState(cursor);
    if (count > 8) skipValue(cursor);
    if (count > 9) this.aborted = readBooleanField(cursor);
    if (count > 10) skipValue(cursor);
  }
}

function readTag(cursor: Cursor): Buffer | undefined {
  const constructorByte = cursor.u8();
  if (constructorByte === 0x40) return undefined;
  let size: number;
  if (constructorByte === 0xa0) size = cursor.u8();
  else if (constructorByte === 0xb0) size = cursor.u32();
  else throw malformed('delivery-tag is not binary');
  if (size > deliveryTagBytesMax) throw malformed('delivery-tag too long');
  return cursor.view(size);
}
