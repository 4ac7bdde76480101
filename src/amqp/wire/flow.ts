/** `flow`, read straight into reused fields. @spec AMQP-1.0 2.7.4 */
import type { ByteWriter } from './byte-writer.ts';
import { type Cursor, malformed } from './cursor.ts';
import { Descriptors } from './descriptors.ts';
import { closeCompound, openCompound, writeUint } from './encode.ts';
import { enterList, readBooleanField, readUintField } from './list-fields.ts';

/** Fields of a flow; -1 stands for an absent number. */
export class Flow {
  nextIncomingId = -1;
  incomingWindow = 0;
  nextOutgoingId = 0;
  outgoingWindow = 0;
  handle = -1;
  deliveryCount = -1;
  linkCredit = -1;
  available = -1;
  drain = false;
  echo = false;

  /** @throws AmqpError AMQP_DECODE */
  read(cursor: Cursor): void {
    const count = enterList(cursor);
    if (count < 4) throw malformed('flow without windows');
    this.nextIncomingId = readUintField(cursor);
    this.incomingWindow = readUintField(cursor);
    this.nextOutgoingId = readUintField(cursor);
    this.outgoingWindow = readUintField(cursor);
    if (this.incomingWindow < 0 || this.nextOutgoingId < 0 || this.outgoingWindow < 0) {
      throw malformed('flow without windows');
    }
    this.handle = count > 4 ? readUintField(cursor) : -1;
    this.deliveryCount = count > 5 ? readUintField(cursor) : -1;
    this.linkCredit = count > 6 ? readUintField(cursor) : -1;
    this.available = count > 7 ? readUintField(cursor) : -1;
    this.drain = count > 8 ? readBooleanField(cursor) : false;
    this.echo = count > 9 ? readBooleanField(cursor) : false;
  }

  write(out: ByteWriter): void {
    out.u8(0x00);
    out.u8pair(0x53, Descriptors.flow);
    const start = out.size;
    openCompound(out, 0xc0);
    writeOptionalUint(out, this.nextIncomingId);
    writeUint(out, this.incomingWindow);
    writeUint(out, this.nextOutgoingId);
    writeUint(out, this.outgoingWindow);
    let count = 4;
    if (this.handle >= 0) {
      writeUint(out, this.handle);
      writeOptionalUint(out, this.deliveryCount);
      writeOptionalUint(out, this.linkCredit);
      writeOptionalUint(out, this.available);
      out.u8(this.drain ? 0x41 : 0x42);
      count = 9;
    }
    closeCompound(out, start, count);
  }
}

function writeOptionalUint(out: ByteWriter, value: number): void {
  if (value < 0) out.u8(0x40);
  else writeUint(out, value);
}
