/** Single frames as a peer would send them, for tests of states and limits. */
import {
  described,
  type Encodable,
  encodeValue,
  sym,
  symArray,
  ubyte,
  uint,
  ulong,
  ushort,
} from '#amqp/index.ts';
import { Descriptors } from '#amqp/wire/descriptors.ts';

export const saslHeader = Buffer.from('414d515003010000', 'hex');
export const amqpHeader = Buffer.from('414d515000010000', 'hex');
export const heartbeat = Buffer.from('0000000802000000', 'hex');

/** A frame of any performative. */
export function frame(
  code: number,
  fields: readonly Encodable[],
  options: { channel?: number; type?: 0 | 1; payload?: Buffer } = {},
): Buffer {
  const body = encodeValue(described(code, fields));
  const payload = options.payload ?? Buffer.alloc(0);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length + payload.length, 0);
  head[4] = 2;
  head[5] = options.type ?? 0;
  head.writeUInt16BE(options.channel ?? 0, 6);
  return Buffer.concat([head, body, payload]);
}

const sasl = (code: number, field: Encodable, ...more: Encodable[]): Buffer =>
  frame(code, [field, ...more], { type: 1 });

export const frames = {
  saslMechanisms: sasl(Descriptors.saslMechanisms, symArray(['ANONYMOUS'])),
  saslInit: sasl(Descriptors.saslInit, sym('ANONYMOUS'), Buffer.from('x')),
  saslInitUnknown: sasl(Descriptors.saslInit, sym('PLAIN'), Buffer.from('x')),
  saslOk: sasl(Descriptors.saslOutcome, ubyte(0)),
  saslRefused: sasl(Descriptors.saslOutcome, ubyte(1)),
  open: (maxFrameSize = 65_536) =>
    frame(Descriptors.open, ['peer', null, uint(maxFrameSize), ushort(32_767)]),
  /** @param remoteChannel set in an answer */
  begin: (channel: number, remoteChannel?: number, window = 2048) =>
    frame(
      Descriptors.begin,
      [
        remoteChannel === undefined ? null : ushort(remoteChannel),
        uint(0),
        uint(window),
        uint(window),
      ],
      { channel },
    ),
  /** `role` is that of the peer. */
  attach: (channel: number, handle: number, role: 'sender' | 'receiver', name = 'link') =>
    frame(
      Descriptors.attach,
      [
        name,
        uint(handle),
        role === 'receiver',
        ubyte(2),
        ubyte(0),
        described(Descriptors.source, ['from']),
        described(Descriptors.target, ['to']),
        null,
        null,
        role === 'sender' ? uint(0) : null,
        ulong(0),
      ],
      { channel },
    ),
  flow: (channel: number, handle?: number, credit = 10) =>
    frame(
      Descriptors.flow,
      handle === undefined
        ? [uint(0), uint(2048), uint(0), uint(2048)]
        : [uint(0), uint(2048), uint(0), uint(2048), uint(handle), uint(0), uint(credit)],
      { channel },
    ),
  transfer: (channel: number, handle: number, id: number | null, more = false, payload = 'x') =>
    frame(
      Descriptors.transfer,
      [uint(handle), id === null ? null : uint(id), Buffer.from([1]), uint(0), false, more],
      { channel, payload: Buffer.from(payload) },
    ),
  disposition: (channel: number, first: number, last: number | null = null, role = true) =>
    frame(
      Descriptors.disposition,
      [
        role,
        uint(first),
        last === null ? null : uint(last),
        true,
        described(Descriptors.accepted, []),
      ],
      { channel },
    ),
  detach: (channel: number, handle: number) =>
    frame(Descriptors.detach, [uint(handle), true], { channel }),
  end: (channel: number) => frame(Descriptors.end, [], { channel }),
  close: frame(Descriptors.close, []),
};
