/** A stream after both sides have agreed to switch: bytes both ways until somebody ends it. */
import type { Duplex, Readable, Transform, Writable } from 'node:stream';
import type { Recording } from '../recording/recording.ts';
import { tapsOf } from '../recording/terminal-tap.ts';
import { type EndReason, endText } from '../stream/stream-registry.ts';
import { ViewOnlyFilter } from '../stream/view-only.ts';
import { closeFrame, closePolicy, FrameTracker } from '../stream/web-socket-frames.ts';
import { type Admitted, type Outcome, ownerOf } from './exchange.ts';
import type { ForwardDeps, ForwardLimits } from './forward-limits.ts';

/** A connection and the bytes that came with its head. */
export interface TunnelSide {
  readonly socket: Duplex;
  readonly head: Buffer;
}

export interface TunnelSides {
  readonly client: TunnelSide;
  readonly server: TunnelSide;
  readonly isWebSocket: boolean;
  /** Undefined: it is not recorded. */
  readonly recording: Recording | undefined;
}

/** Until a connection that was ended is cut; milliseconds. */
const cutMsMax = 500;

/** Resolves when the client is gone. */
export async function tunnel(
  deps: Pick<ForwardDeps, 'streams' | 'onRead'>,
  { streamIdleMsMax: idleMs }: Pick<ForwardLimits, 'streamIdleMsMax'>,
  admitted: Admitted,
  sides: TunnelSides,
): Promise<Outcome> {
  const { recording } = sides;
  const [client, server] = [sides.client.socket, sides.server.socket];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const frames = sides.isWebSocket ? new FrameTracker() : undefined;
  const counted = { in: 0, out: 0 };
  let ended: EndReason | undefined;
  const end = (reason: EndReason): void => {
    ended = reason;
    lanes.shown.unpipe(client);
    server.destroy();
    if (frames?.isBetween === true) client.end(closeFrame(closePolicy, endText(reason)));
    else client.end();
    // Whoever does not read the end does not keep the connection either.
    setTimeout(() => client.destroy(), cutMsMax).unref();
  };
  const lanes = lanesOf(admitted, sides, end);
  let release: () => void;
  try {
    const { endMs } = admitted.access;
    release = deps.streams.add({ ...ownerOf(admitted), endMs, end });
  } catch {
    // The switch has been announced: all that is left is to end it.
    end('stopping');
    await recording?.discard();
    return { status: 101, bytesIn: 0, bytesOut: 0, ended: 'too many streams are open' };
  }
  const idle = idleMs > 0 ? setTimeout(() => end('idle'), idleMs) : undefined;
  client.on('data', (chunk: Buffer) => {
    counted.in += chunk.length;
    deps.onRead?.(chunk.length);
    idle?.refresh();
  });
  const onShown = (chunk: Buffer): void => {
    counted.out += chunk.length;
    deps.onRead?.(chunk.length);
    frames?.push(chunk);
    idle?.refresh();
  };
  lanes.shown.on('data', onShown);
  bindEnds(client, server, () => ended !== undefined || recording !== undefined, resolve);
  // What came with the heads goes first.
  counted.in += sides.client.head.length;
  if (recording === undefined) onShown(sides.server.head);
  if (sides.client.head.length > 0) lanes.into.write(sides.client.head);
  if (sides.server.head.length > 0) lanes.out.write(sides.server.head);
  lanes.pour();
  await done;
  server.destroy();
  release();
  clearTimeout(idle);
  const mark = await recording?.finish();
  if (recording !== undefined && mark === undefined) ended ??= 'unrecorded';
  return {
    status: 101,
    bytesIn: counted.in,
    bytesOut: counted.out,
    ...(ended === undefined ? {} : { ended: endText(ended) }),
    ...(mark === undefined ? {} : { recording: mark }),
  };
}

/** What lies between the two connections. */
interface Lanes {
  /** Takes what the client sends. */
  readonly into: Writable;
  /** Takes what the server sends. */
  readonly out: Writable;
  /** What the client gets. */
  readonly shown: Readable;
  pour(): void;
}

function lanesOf(
  admitted: Admitted,
  { client, server, isWebSocket, recording }: TunnelSides,
  end: (reason: EndReason) => void,
): Lanes {
  const taps = recording && tapsOf(recording, isWebSocket);
  const looks = admitted.access.grant.spec.viewOnly === true && isWebSocket;
  // A grant to look only opens no terminal, so that there is never both.
  const middle = taps?.size ?? (looks ? new ViewOnlyFilter() : undefined);
  middle?.on('error', () => end(recording ? 'unrecorded' : 'viewOnly'));
  middle?.pipe(server.socket);
  const tap = taps?.output;
  if (tap !== undefined) bindTap(tap, client.socket, server.socket, end);
  const into = middle ?? server.socket;
  const shown = tap ?? server.socket;
  return {
    into,
    out: tap ?? client.socket,
    shown,
    pour: () => {
      client.socket.pipe(into);
      if (tap !== undefined) server.socket.pipe(tap);
      shown.pipe(client.socket);
    },
  };
}

/** A recording that fails ends the stream; what was recorded before the end still goes out. */
function bindTap(
  tap: Transform,
  client: Duplex,
  server: Duplex,
  end: (reason: EndReason) => void,
): void {
  tap.on('error', () => end('unrecorded'));
  server.once('close', () => tap.end());
  tap.once('end', () => {
    setTimeout(() => client.destroy(), cutMsMax).unref();
  });
}

/** One side's end is the other's; `done` once the client is gone. */
function bindEnds(client: Duplex, server: Duplex, isEnded: () => boolean, done: () => void): void {
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on('error', () => other.destroy());
    one.once('close', () => {
      if (!isEnded()) other.destroy();
      if (client.destroyed) done();
    });
  }
}
