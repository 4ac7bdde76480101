/** `disposition`, read straight into reused fields. @spec AMQP-1.0 2.7.6 */
import type { ByteWriter } from './byte-writer.ts';
import { type Cursor, malformed } from './cursor.ts';
import { type DeliveryState, readDeliveryState, writeDeliveryState } from './delivery-state.ts';
import { Descriptors } from './descriptors.ts';
import { closeCompound, openCompound, writeUint } from './encode.ts';
import { enterList, readBooleanField, readUintField } from './list-fields.ts';

export class Disposition {
  /** Sent by the receiver of the deliveries. */
  fromReceiver = false;
  first = 0;
  last = 0;
  settled = false;
  state: DeliveryState | undefined = undefined;

  /** @throws AmqpError AMQP_DECODE */
  read(cursor: Cursor): void {
    const count = enterList(cursor);
    if (count < 2) throw malformed('disposition without role or first');
    this.fromReceiver = readBooleanField(cursor);
    this.first = readUintField(cursor);
    if (this.first < 0) throw malformed('disposition without first');
    const last = count > 2 ? readUintField(cursor) : -1;
    this.last = last < 0 ? this.first : last;
    this.settled = count > 3 ? readBooleanField(cursor) : false;
    this.state = count > 4 ? readDeliveryState(cursor) : undefined;
  }
}

export function writeDisposition(
  out: ByteWriter,
  role: 'sender' | 'receiver',
  first: number,
  last: number,
  settled: boolean,
  state: DeliveryState | undefined,
): void {
  out.u8(0x00);
  out.u8pair(0x53, Descriptors.disposition);
  const start = out.size;
  openCompound(out, 0xc0);
  out.u8(role === 'receiver' ? 0x41 : 0x42);
  writeUint(out, first);
  if (last === first) out.u8(0x40);
  else writeUint(out, last);
  out.u8(settled ? 0x41 : 0x42);
  if (state) writeDeliveryState(out, state);
  else out.u8(0x40);
  closeCompound(out, start, 5);
}
