/**
 * Bytes per second through the machines alone: a received stream is forwarded to another
 * connection, 64 KiB of payload per frame arriving in pieces of 16 KiB as TLS records do.
 *
 *   ./bin/runtime bench/micro/amqp-forward.bench.ts [forward|encode|decode]
 */
import { bench, do_not_optimize, run } from 'mitata';
import type { ConnectionHandler, IncomingHandler, SenderLink } from '#amqp/index.ts';
import { AmqpPair } from '../../test/support/amqp-pair.ts';

const frameBytes = 65_536;
const pieceBytes = 16_384;
const framesPerRun = 16;

const ignore: ConnectionHandler = {
  onOpened: () => undefined,
  onSession: () => ({ refuse: { condition: 'amqp:not-allowed' } }),
  onClosed: (_connection, reason) => {
    throw new Error(`the connection closed: ${reason.by}`, { cause: reason.cause });
  },
};

function streamPair(incoming: IncomingHandler): { pair: AmqpPair; link: SenderLink } {
  const pair = new AmqpPair(
    { handler: ignore },
    {
      handler: {
        ...ignore,
        onSession: () => ({
          handler: { onPeerSender: () => ({ handler: { onDelivery: () => incoming } }) },
          options: { incomingWindowFrames: 0x7fff_ffff },
        }),
      },
    },
  );
  pair.run();
  const link = pair.client.driver.connection.beginSession({}).attachSender('s', {}, {});
  pair.run();
  return { pair, link };
}

/** The bytes of a stream on the wire, as one side wrote them. */
function recordStream(): Buffer {
  const { pair, link } = streamPair({ onBytes: () => undefined, onEnd: () => undefined });
  const delivery = link.startDelivery({});
  for (let frame = 0; frame < framesPerRun; frame++) {
    delivery?.write(Buffer.alloc(frameBytes));
    pair.client.flush();
  }
  return pair.client.take();
}

const payload = Buffer.alloc(frameBytes);

const cases: Readonly<Record<string, () => void>> = {
  encode: () => {
    const { pair, link } = streamPair({ onBytes: () => undefined, onEnd: () => undefined });
    const delivery = link.startDelivery({});
    bench(`encode ${framesPerRun} frames of 64 KiB`, () => {
      for (let frame = 0; frame < framesPerRun; frame++) delivery?.write(payload);
      pair.client.flush();
      pair.client.written = [];
    });
  },
  decode: () => {
    let total = 0;
    const { pair } = streamPair({
      onBytes: (_delivery, bytes) => {
        total += bytes.length;
      },
      onEnd: () => undefined,
    });
    const bytes = recordStream();
    bench(`decode ${framesPerRun} frames of 64 KiB in pieces of 16 KiB`, () => {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        pair.server.driver.onBytes(bytes.subarray(at, at + pieceBytes), 0);
      }
      do_not_optimize(total);
    });
  },
  forward: () => {
    const out = streamPair({ onBytes: () => undefined, onEnd: () => undefined });
    const next = out.link.startDelivery({});
    const { pair } = streamPair({
      onBytes: (_delivery, bytes) => {
        next?.write(bytes);
      },
      onEnd: () => undefined,
    });
    const bytes = recordStream();
    bench(`forward ${framesPerRun} frames of 64 KiB in pieces of 16 KiB`, () => {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        pair.server.driver.onBytes(bytes.subarray(at, at + pieceBytes), 0);
      }
      out.pair.client.flush();
      out.pair.client.written = [];
    });
  },
};

const chosen = process.argv[2] ?? 'forward';
cases[chosen]?.();
const { benchmarks } = await run();
const averageNs = benchmarks[0]?.runs[0]?.stats?.avg ?? Number.NaN;
const bytesPerRun = framesPerRun * frameBytes;
process.stdout.write(`${chosen}: ${(bytesPerRun / averageNs).toFixed(1)} GB/s of payload\n`);
