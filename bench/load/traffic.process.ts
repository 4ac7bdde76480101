/**
 * The load: a server process and a client process, so that neither shares a core's event loop with
 * a router. Commands on argv, one JSON line of results on standard output.
 *
 *   server                                   echo and stream server; prints {"port":N}
 *   bulk HOST PORT up|down STREAMS SECONDS   bytes per second
 *   requests HOST PORT CONNECTIONS SECONDS   64-byte request and answer, back to back
 *   connects HOST PORT CONCURRENT SECONDS    connect, one request, close
 *   hold HOST PORT CONNECTIONS               opens, prints {"open":N}, holds until standard input ends
 *
 * The first byte chooses the server's behaviour: e echo, s swallow, g give.
 */
import { connect, createServer, type Socket } from 'node:net';

const block = Buffer.alloc(256 * 1024, 0x5a);

function give(socket: Socket): void {
  while (!socket.destroyed && socket.write(block));
}

function serve(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (first) => {
      const mode = String.fromCharCode(first[0] ?? 0);
      if (mode === 'e') {
        socket.write(first.subarray(1));
        socket.on('data', (chunk) => socket.write(chunk));
      } else if (mode === 'g') {
        socket.on('drain', () => give(socket));
        give(socket);
      } else {
        socket.on('data', () => undefined);
      }
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    const address = server.address();
    if (address !== null && typeof address === 'object') print({ port: address.port });
  });
  process.stdin.on('end', () => process.exit(0)).resume();
}

function print(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function opened(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

async function bulk(
  host: string,
  port: number,
  up: boolean,
  streams: number,
  seconds: number,
): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: streams }, () => opened(host, port)));
  let bytes = 0;
  for (const socket of sockets) {
    socket.on('error', () => socket.destroy());
    socket.write(up ? 's' : 'g');
    if (up) {
      socket.on('drain', () => give(socket));
      give(socket);
    } else {
      socket.on('data', (chunk) => {
        bytes += chunk.length;
      });
    }
  }
  const sent = (): number =>
    up ? sockets.reduce((sum, each) => sum + each.bytesWritten - each.writableLength, 0) : bytes;
  await pause(500);
  const [startBytes, startMs] = [sent(), performance.now()];
  await pause(seconds * 1000);
  const rate = (sent() - startBytes) / ((performance.now() - startMs) / 1000);
  print({ bytesPerSecond: Math.round(rate) });
  process.exit(0);
}

async function requests(
  host: string,
  port: number,
  connections: number,
  seconds: number,
): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => opened(host, port)));
  const request = Buffer.alloc(64, 0x61);
  const latencies: number[] = [];
  let running = true;
  for (const socket of sockets) {
    let missing = 64;
    let sentMs = performance.now();
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      missing -= chunk.length;
      if (missing > 0) return;
      latencies.push(performance.now() - sentMs);
      missing = 64;
      sentMs = performance.now();
      if (running) socket.write(request);
    });
    socket.write(Buffer.concat([Buffer.from('e'), request]));
  }
  await pause(500);
  latencies.length = 0;
  const startMs = performance.now();
  await pause(seconds * 1000);
  running = false;
  const elapsed = (performance.now() - startMs) / 1000;
  print({ perSecond: Math.round(latencies.length / elapsed), ...percentiles(latencies) });
  process.exit(0);
}

async function connects(
  host: string,
  port: number,
  concurrent: number,
  seconds: number,
): Promise<void> {
  const latencies: number[] = [];
  let failed = 0;
  const untilMs = performance.now() + seconds * 1000;
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      const startMs = performance.now();
      const socket = connect({ host, port, noDelay: true });
      let answered = false;
      socket.on('error', () => socket.destroy());
      socket.on('connect', () => socket.write('e0123456789'));
      socket.on('data', () => {
        answered = true;
        socket.end();
      });
      socket.on('close', () => {
        if (answered) latencies.push(performance.now() - startMs);
        else failed++;
        resolve();
      });
    });
  const worker = async (): Promise<void> => {
    while (performance.now() < untilMs) await one();
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: concurrent }, worker));
  const elapsed = (performance.now() - startMs) / 1000;
  print({ perSecond: Math.round(latencies.length / elapsed), failed, ...percentiles(latencies) });
  process.exit(0);
}

async function hold(host: string, port: number, connections: number): Promise<void> {
  let open = 0;
  for (let index = 0; index < connections; index += 100) {
    const batch = Array.from({ length: Math.min(100, connections - index) }, async () => {
      const socket = await opened(host, port);
      socket.on('error', () => socket.destroy());
      const answered = new Promise<void>((resolve) => socket.once('data', () => resolve()));
      socket.write('ex');
      await answered;
      open++;
    });
    await Promise.all(batch);
  }
  print({ open });
  process.stdin.on('end', () => process.exit(0)).resume();
}

function percentiles(latenciesMs: number[]): { p50Ms: number; p99Ms: number } {
  latenciesMs.sort((left, right) => left - right);
  const at = (share: number): number =>
    Math.round((latenciesMs[Math.floor((latenciesMs.length - 1) * share)] ?? 0) * 100) / 100;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

const [command = '', host = '', port = '0', ...rest] = process.argv.slice(2);
const numbers = rest.map(Number);
if (command === 'server') serve();
else if (command === 'bulk')
  await bulk(host, Number(port), rest[0] === 'up', numbers[1] ?? 1, numbers[2] ?? 3);
else if (command === 'requests')
  await requests(host, Number(port), numbers[0] ?? 32, numbers[1] ?? 3);
else if (command === 'connects')
  await connects(host, Number(port), numbers[0] ?? 32, numbers[1] ?? 3);
else if (command === 'hold') await hold(host, Number(port), numbers[0] ?? 100);
else process.exit(2);
