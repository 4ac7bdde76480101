/**
 * Golden frames of real routers, cut short at every byte and changed in every byte: each either
 * decodes or ends in a coded error, and machines never take a damaged stream for a bug of theirs.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  AmqpError,
  type ConnectionHandler,
  decodeMessage,
  type EndReason,
  MessageHeadReader,
} from '#amqp/index.ts';
import { Descriptors } from '#amqp/wire/descriptors.ts';
import { Disposition } from '#amqp/wire/disposition.ts';
import { Flow } from '#amqp/wire/flow.ts';
import { type FrameHandler, FrameReader } from '#amqp/wire/frame-reader.ts';
import {
  readAttach,
  readBegin,
  readDetach,
  readEnding,
  readOpen,
  readSaslInit,
  readSaslMechanisms,
  readSaslOutcome,
} from '#amqp/wire/performatives.ts';
import type { Cursor } from '#amqp/wire/cursor.ts';
import { Side } from '../support/amqp-pair.ts';
import { readTranscript, transcriptNames } from '../support/amqp-transcript.ts';

const readers: Readonly<Record<number, (cursor: Cursor) => unknown>> = {
  [Descriptors.open]: readOpen,
  [Descriptors.begin]: readBegin,
  [Descriptors.attach]: readAttach,
  [Descriptors.flow]: (cursor) => new Flow().read(cursor),
  [Descriptors.disposition]: (cursor) => new Disposition().read(cursor),
  [Descriptors.detach]: readDetach,
  [Descriptors.end]: readEnding,
  [Descriptors.close]: readEnding,
  [Descriptors.saslMechanisms]: readSaslMechanisms,
  [Descriptors.saslInit]: readSaslInit,
  [Descriptors.saslOutcome]: readSaslOutcome,
};

/** Decodes everything that is in the bytes. */
function decodeAll(bytes: Buffer): void {
  const payload: Buffer[] = [];
  const handler: FrameHandler = {
    onProtocolHeader: () => undefined,
    onHeartbeat: () => undefined,
    onSaslFrame: (code, cursor) => readers[code]?.(cursor),
    onPerformative: (_channel, code, cursor) => readers[code]?.(cursor),
    onTransfer: () => undefined,
    onPayload: (view) => payload.push(view),
    onTransferEnd: () => undefined,
  };
  new FrameReader(handler, 65_536).push(bytes);
  const message = Buffer.concat(payload);
  if (message.length === 0 || message.length > 2000) return;
  new MessageHeadReader().push(message);
  decodeMessage(message);
}

const outcome = (bytes: Buffer): 'decoded' | 'coded' => {
  try {
    decodeAll(bytes);
    return 'decoded';
  } catch (error) {
    if (error instanceof AmqpError) return 'coded';
    throw error;
  }
};

/** One frame of each kind and length, without the long payloads. */
function goldenFrames(): Buffer[] {
  const chosen = new Map<string, Buffer>();
  for (const name of transcriptNames) {
    for (const { bytes, note } of readTranscript(name)) {
      const kind = note.replace(/^ch \d+ /, '').split(' ')[0];
      if (bytes.length <= 600) chosen.set(`${kind} ${bytes.length}`, bytes);
    }
  }
  return [...chosen.values()];
}

describe('damaged frames', () => {
  const frames = goldenFrames();

  it('are of every kind', () => {
    assert.ok(frames.length > 60, `${frames.length} frames`);
  });

  it('cut short anywhere', () => {
    for (const frame of frames) {
      for (let length = 0; length < frame.length; length++) outcome(frame.subarray(0, length));
    }
  });

  it('changed in any byte', () => {
    const counts = { decoded: 0, coded: 0 };
    for (const frame of frames) {
      for (let at = 0; at < frame.length; at++) {
        const before = frame[at]!;
        for (const byte of [0x00, 0xff, 0x40, 0xd0, before ^ 0x01, before ^ 0x80, before + 1]) {
          const damaged = Buffer.from(frame);
          damaged[at] = byte;
          counts[outcome(damaged)]++;
        }
      }
    }
    assert.ok(counts.coded > 1000 && counts.decoded > 1000, JSON.stringify(counts));
  });
});

const openHandler = (closed: EndReason[]): ConnectionHandler => ({
  onOpened: () => undefined,
  onSession: () => ({
    handler: {
      onPeerSender: () => ({
        handler: { onDelivery: () => ({ onBytes: () => undefined, onEnd: () => undefined }) },
      }),
      onPeerReceiver: () => ({ handler: {} }),
    },
  }),
  onClosed: (_connection, reason) => closed.push(reason),
});

describe('damaged streams', () => {
  const streams = (
    [
      '01-interior-link-setup',
      '04-management-client',
      '05-node-prototype-as-peer-with-vanflow',
    ] as const
  ).map((name) => {
    const frames = readTranscript(name);
    const conn = frames.at(-1)!.conn;
    const own = frames.filter((frame) => frame.dir === 'out' && frame.conn === conn);
    return Buffer.concat(own.map(({ bytes }) => bytes));
  });

  it('end a machine in good order or not at all, however they arrive', () => {
    const reasons = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.constantFrom(...streams),
        fc.array(fc.tuple(fc.nat(), fc.nat(0xff)), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 5000 }),
        (stream, changes, pieceBytes) => {
          const damaged = Buffer.from(stream);
          for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
          const closed: EndReason[] = [];
          const side = new Side(openHandler(closed), {
            role: 'server',
            containerId: 'x',
            saslMechanisms: ['ANONYMOUS'],
          });
          side.driver.start(0);
          for (let at = 0; at < damaged.length; at += pieceBytes) {
            side.driver.onBytes(Buffer.from(damaged.subarray(at, at + pieceBytes)), 0);
            side.flush();
          }
          assert.ok(closed.length <= 1);
          const by = closed[0]?.by ?? 'open';
          assert.notEqual(by, 'fault', String(closed[0]?.cause));
          reasons.set(by, (reasons.get(by) ?? 0) + 1);
          side.driver.onTransportClosed();
          assert.equal(closed.length, 1);
        },
      ),
      { numRuns: 500 },
    );
    assert.ok((reasons.get('protocol') ?? 0) > 10, JSON.stringify([...reasons]));
  });

  it('read the same however they are cut', () => {
    const log = (stream: Buffer, pieceBytes: number): string[] => {
      const lines: string[] = [];
      let payload = 0;
      const reader = new FrameReader(
        {
          onProtocolHeader: (protocol) => lines.push(`header ${protocol}`),
          onHeartbeat: () => lines.push('heartbeat'),
          onSaslFrame: (code) => lines.push(`sasl ${code}`),
          onPerformative: (channel, code, cursor) =>
            lines.push(`${channel} ${code} ${cursor.left}`),
          onTransfer: (channel, { handle, deliveryId, tag, more, settled }) => {
            payload = 0;
            lines.push(
              `${channel} ${handle} ${deliveryId} ${tag?.toString('hex')} ${more} ${settled}`,
            );
          },
          onPayload: (bytes) => {
            payload += bytes.length;
          },
          onTransferEnd: () => lines.push(`payload ${payload}`),
        },
        65_536,
      );
      for (let at = 0; at < stream.length; at += pieceBytes) {
        reader.push(Buffer.from(stream.subarray(at, at + pieceBytes)));
      }
      assert.ok(reader.isBetweenFrames);
      return lines;
    };
    for (const stream of streams) {
      const whole = log(stream, stream.length);
      for (const pieceBytes of [1, 2, 3, 5, 11, 64, 1000]) {
        assert.deepEqual(log(stream, pieceBytes), whole);
      }
    }
  });
});
