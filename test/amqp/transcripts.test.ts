/**
 * What real routers wrote: every frame decodes, and machines in both roles live through the whole
 * recorded connection. One direction is fed to a machine; what the other side did is acted out by
 * its user (sessions begun, links attached and detached), so that the answers find their match.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Connection,
  decodeMessage,
  type EndReason,
  type IncomingHandler,
  MessageHeadReader,
  type ReceiverLink,
  type SenderLink,
  type Session,
  type SessionHandler,
} from '#amqp/index.ts';
import type { Cursor } from '#amqp/wire/cursor.ts';
import { readValue } from '#amqp/wire/decode.ts';
import { Descriptors } from '#amqp/wire/descriptors.ts';
import { type FrameHandler, FrameReader } from '#amqp/wire/frame-reader.ts';
import { type PeerAttach, readAttach, readBegin, readDetach } from '#amqp/wire/performatives.ts';
import { Side } from '../support/amqp-pair.ts';
import { connections, readTranscript, transcriptNames } from '../support/amqp-transcript.ts';

describe('recorded frames', () => {
  for (const name of transcriptNames) {
    it(`${name}: all decode, messages included`, () => {
      const seen = { frames: 0, heartbeats: 0, messages: 0 };
      for (const frame of readTranscript(name)) {
        const payload: Buffer[] = [];
        let isWholeMessage = false;
        const reader = new FrameReader(
          {
            onProtocolHeader: () => seen.frames++,
            onHeartbeat: () => {
              seen.frames++;
              seen.heartbeats++;
            },
            onSaslFrame: (_code, cursor) => {
              readValue(cursor);
              assert.equal(cursor.left, 0);
              seen.frames++;
            },
            onPerformative: (_channel, _code, cursor) => {
              readValue(cursor);
              assert.equal(cursor.left, 0);
              seen.frames++;
            },
            onTransfer: (_channel, transfer) => {
              isWholeMessage = !transfer.more && transfer.deliveryId >= 0;
            },
            onPayload: (bytes) => payload.push(bytes),
            onTransferEnd: () => seen.frames++,
          },
          65_536,
        );
        reader.push(frame.bytes);
        const bytes = Buffer.concat(payload);
        // Streams end in raw octets, so only messages that begin here are whole.
        if (!isWholeMessage || bytes.length === 0 || bytes[0] !== 0) continue;
        const heads = new MessageHeadReader();
        // Some messages of edge routers have no body: their end is the end of the head.
        const head = heads.push(bytes) ?? heads.finish();
        if (!head.bodyIsNull) decodeMessage(bytes);
        seen.messages++;
      }
      assert.equal(seen.frames, readTranscript(name).length);
      assert.ok(seen.messages > 0);
    });
  }
});

/** A user that does what the recorded side did. */
class Actor implements FrameHandler {
  readonly #side: Side;
  readonly reader = new FrameReader(this, 1 << 20);
  readonly closed: EndReason[] = [];
  readonly ended: EndReason[] = [];
  messages = 0;
  payloadBytes = 0;
  readonly #sessions = new Map<number, Session>();
  readonly #links = new Map<string, SenderLink | ReceiverLink>();
  readonly #handles = new Map<string, string>();
  /** Begun by the peer, in order, waiting for the recorded answer to name our channel. */
  readonly #accepted: Session[] = [];

  constructor(role: 'client' | 'server') {
    const receive: IncomingHandler = {
      onBytes: (_delivery, bytes) => {
        this.payloadBytes += bytes.length;
      },
      onEnd: () => this.messages++,
    };
    const receiver = {
      onAttached: (link: ReceiverLink) => this.#links.set(`r:${link.name}`, link),
      onDelivery: () => receive,
    };
    const session: SessionHandler = {
      onPeerSender: () => ({ handler: receiver }),
      onPeerReceiver: () => ({
        handler: { onAttached: (link) => this.#links.set(`s:${link.name}`, link) },
      }),
      onEnded: (_session, reason) => this.ended.push(reason),
    };
    this.#receiver = receiver;
    this.#sessionHandler = session;
    this.#side = new Side(
      {
        onOpened: () => undefined,
        onSession: () => ({
          handler: { ...session, onBegun: (begun) => this.#accepted.push(begun) },
        }),
        onClosed: (_connection, reason) => this.closed.push(reason),
      },
      { role, containerId: 'replay', saslMechanisms: ['ANONYMOUS'] },
    );
    this.#side.driver.start(0);
  }

  readonly #receiver;
  readonly #sessionHandler: SessionHandler;

  get connection(): Connection {
    return this.#side.driver.connection;
  }

  feed(bytes: Buffer): void {
    this.#side.driver.onBytes(bytes, 0);
    if (this.#side.wants) this.#side.flush();
  }

  onProtocolHeader(): void {}
  onHeartbeat(): void {}
  onSaslFrame(): void {}
  onTransfer(): void {}
  onPayload(): void {}
  onTransferEnd(): void {}

  onPerformative(channel: number, code: number, cursor: Cursor): void {
    if (code === Descriptors.begin) return this.#begin(channel, readBegin(cursor).remoteChannel);
    if (code === Descriptors.attach) return this.#attach(channel, readAttach(cursor));
    if (code === Descriptors.detach) {
      const handle = `${channel}/${readDetach(cursor).handle}`;
      const link = this.#links.get(this.#handles.get(handle) ?? '');
      this.#handles.delete(handle);
      link?.detach();
    } else if (code === Descriptors.end) {
      this.#sessions.get(channel)?.end();
      this.#sessions.delete(channel);
    }
  }

  #begin(channel: number, remoteChannel: number | undefined): void {
    const session =
      remoteChannel === undefined
        ? this.connection.beginSession(this.#sessionHandler)
        : this.#accepted.shift();
    assert.ok(session);
    assert.equal(session.channel, channel);
    this.#sessions.set(channel, session);
  }

  #attach(channel: number, attach: PeerAttach): void {
    const key = `${attach.role === 'sender' ? 's' : 'r'}:${attach.name}`;
    this.#handles.set(`${channel}/${attach.handle}`, key);
    if (this.#links.has(key)) return;
    const session = this.#sessions.get(channel);
    assert.ok(session);
    const { name, source, target } = attach;
    const link =
      attach.role === 'sender'
        ? session.attachSender(name, { source, target }, {})
        : session.attachReceiver(name, { source, target }, this.#receiver);
    this.#links.set(key, link);
  }
}

describe('recorded connections', () => {
  for (const { files, conn } of connections) {
    for (const role of ['client', 'server'] as const) {
      it(`${files.join(' + ')}, connection ${conn}: as ${role}`, () => {
        const actor = new Actor(role);
        const fed = role === 'client' ? 'in' : 'out';
        let transfers = 0;
        const frames = files.flatMap((name) => readTranscript(name));
        for (const frame of frames.filter((one) => one.conn === conn)) {
          const text = `${frame.dir} ${frame.note}`;
          if (frame.dir === fed) {
            actor.feed(frame.bytes);
            if (/ transfer .* more=false/.test(text)) transfers++;
          } else actor.reader.push(frame.bytes);
          if (/ close /.test(text)) break;
          assert.deepEqual(actor.closed, [], text);
          assert.deepEqual(
            actor.ended.filter(({ by }) => by === 'protocol'),
            [],
            text,
          );
        }
        assert.equal(actor.messages, transfers);
        assert.ok(conn === 1 || transfers > 0);
      });
    }
  }
});
