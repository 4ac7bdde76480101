/**
 * Bulk over one AMQP connection between two processes on loopback, for several frame sizes, plain
 * and with mutual TLS: how the default of max-frame-size was chosen. Rounds are interleaved.
 *
 *   ./bin/runtime bench/micro/amqp-socket.bench.ts [MEGABYTES] [ROUNDS]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { silentLogger } from '#base/log.ts';
import type { ConnectionHandler } from '#amqp/index.ts';
import { connectSocket, runAmqp, socketListener } from '#net/index.ts';
import { realClock } from '../../test/support/real-clock.ts';
import { makeTlsParts, type TlsParts } from '../../test/support/tls-parts.ts';
import { until } from '../../test/support/until.ts';

const never = new AbortController().signal;
const ignore: ConnectionHandler = {
  onOpened: () => undefined,
  onSession: () => ({ refuse: { condition: 'amqp:not-allowed' } }),
  onClosed: () => undefined,
};

interface Job {
  readonly port: number;
  readonly sizeBytes: number;
  readonly material: TlsParts['client'] | undefined;
}

/** The child: connects and pours. */
async function pour({ port, sizeBytes, material }: Job): Promise<void> {
  const tls = material ? { material, verifyHostname: true } : undefined;
  const { socket } = await connectSocket({ host: '127.0.0.1', port, tls }, never);
  const { connection, closed } = runAmqp({ clock: realClock, handler: ignore }, socket, {
    role: 'client',
    containerId: 'pour',
    saslMechanisms: ['ANONYMOUS'],
  });
  await until(() => connection.isOpen, 'open');
  const link = connection.beginSession({}).attachSender('s', {}, {});
  await until(() => link.credit > 0, 'credit');
  const payload = Buffer.alloc(65_536);
  let wake = (): void => undefined;
  const delivery = link.startDelivery({ onDrained: () => wake() });
  for (let sent = 0; sent < sizeBytes; sent += payload.length) {
    if (delivery?.write(payload)) continue;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  delivery?.end();
  await closed;
}

/** The parent: receives, and tells the throughput and its own CPU time. */
async function receive(
  parts: TlsParts,
  useTls: boolean,
  frameBytes: number,
  sizeBytes: number,
): Promise<{ megabytesPerSec: number; cpuSec: number }> {
  const finished = Promise.withResolvers<void>();
  let startedMs = 0;
  const listener = await socketListener(
    {
      log: silentLogger,
      onSocket: (socket) => {
        const { connection } = runAmqp(
          {
            clock: realClock,
            handler: {
              ...ignore,
              onSession: () => ({
                handler: {
                  onPeerSender: () => ({
                    handler: {
                      onDelivery: () => {
                        startedMs = performance.now();
                        return {
                          onBytes: () => undefined,
                          onEnd: () => {
                            finished.resolve();
                            connection.close();
                          },
                        };
                      },
                    },
                  }),
                },
              }),
            },
          },
          socket,
          {
            role: 'server',
            containerId: 'receive',
            saslMechanisms: ['ANONYMOUS'],
            maxFrameSizeBytes: frameBytes,
          },
        );
      },
    },
    {
      host: '127.0.0.1',
      port: 0,
      tls: useTls ? { material: parts.server, mutual: true } : undefined,
    },
  ).start(never);
  const job: Job = {
    port: listener.address.port,
    sizeBytes,
    material: useTls ? parts.client : undefined,
  };
  const child = spawn(process.execPath, [import.meta.filename, 'pour'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const exited = once(child, 'exit');
  const cpuBefore = process.cpuUsage();
  child.stdin.end(JSON.stringify(job));
  await finished.promise;
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  await exited;
  await listener.stop({ graceMs: 0 });
  return { megabytesPerSec: sizeBytes / 1e6 / seconds, cpuSec: (cpu.user + cpu.system) / 1e6 };
}

async function main(): Promise<void> {
  const sizeBytes = Number(process.argv[2] ?? '1000') * 1e6;
  const rounds = Number(process.argv[3] ?? '3');
  const parts = await makeTlsParts();
  const sizes = [16_384, 32_768, 66_048, 131_584, 262_656];
  for (let round = 0; round < rounds; round++) {
    for (const useTls of [false, true]) {
      for (const frameBytes of sizes) {
        const { megabytesPerSec, cpuSec } = await receive(parts, useTls, frameBytes, sizeBytes);
        const kind = useTls ? 'mutual TLS' : 'plain     ';
        const cpuPerGb = (cpuSec / sizeBytes) * 1e9;
        process.stdout.write(
          `${kind} max-frame-size ${String(frameBytes).padStart(6)}: ${megabytesPerSec.toFixed(0)} MB/s, ` +
            `receiver ${cpuPerGb.toFixed(2)} CPU s per GB\n`,
        );
      }
    }
  }
}

if (process.argv[2] === 'pour') {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  await pour(JSON.parse(Buffer.concat(parts).toString('utf8')) as Job);
} else {
  await main();
}
