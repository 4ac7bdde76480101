/**
 * Two routers in processes of their own, linked over mutual TLS, with a listener in one and a
 * connector in the other. The same configuration files drive our router and a real skupper-router.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';

const root = join(import.meta.dirname, '..', '..');

export interface RouterKind {
  readonly name: string;
  command(configFile: string): readonly string[];
}

export const ourRouter: RouterKind = {
  name: 'drawbridge',
  command: (file) => [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    join(root, 'bin', 'drawbridge.ts'),
    'router',
    '--config',
    file,
  ],
};

/** The real one, when SKROUTERD names its executable. */
export function realRouter(): RouterKind | undefined {
  const executable = process.env['SKROUTERD'];
  if (executable === undefined) return undefined;
  return { name: 'skupper-router', command: (file) => [executable, '-c', file] };
}

export interface Topology {
  /** Where clients connect; the bytes come out at the server behind the other router. */
  readonly port: number;
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return address !== null && typeof address === 'object' ? address.port : 0;
}

async function writeCertificates(folder: string): Promise<void> {
  const nowMs = Date.now();
  const authority = await createAuthority({ commonName: 'bench CA', nowMs });
  for (const name of ['server', 'client']) {
    const issued = await issueCertificate(authority, {
      commonName: name,
      hosts: ['127.0.0.1', 'localhost'],
      server: name === 'server',
      client: name === 'client',
      nowMs,
    });
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'ca.crt'), authority.certificate.pem);
    writeFileSync(join(folder, name, 'tls.crt'), issued.certificate.pem);
    writeFileSync(join(folder, name, 'tls.key'), privateKeyPem(issued.keys.privateKey), {
      mode: 0o600,
    });
  }
}

function profile(folder: string, name: string): unknown {
  const file = (leaf: string): string => join(folder, name, leaf);
  return [
    'sslProfile',
    {
      name,
      caCertFile: file('ca.crt'),
      certFile: file('tls.crt'),
      privateKeyFile: file('tls.key'),
    },
  ];
}

/** Starts the pair: `near` has the client's listener, `far` the connector to `serverPort`. */
export async function startPair(
  near: RouterKind,
  far: RouterKind,
  serverPort: number,
): Promise<Topology> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
  await writeCertificates(folder);
  const [linkPort, port] = [await freePort(), await freePort()];
  const farConfig = [
    ['router', { id: 'far', mode: 'interior' }],
    profile(folder, 'server'),
    [
      'listener',
      {
        name: 'link',
        host: '127.0.0.1',
        port: String(linkPort),
        role: 'inter-router',
        sslProfile: 'server',
        saslMechanisms: 'EXTERNAL',
        authenticatePeer: true,
      },
    ],
    ['tcpConnector', { name: 'c', host: '127.0.0.1', port: String(serverPort), address: 'bench' }],
  ];
  const nearConfig = [
    ['router', { id: 'near', mode: 'interior' }],
    profile(folder, 'client'),
    [
      'connector',
      {
        name: 'link',
        host: '127.0.0.1',
        port: String(linkPort),
        role: 'inter-router',
        sslProfile: 'client',
        saslMechanisms: 'EXTERNAL',
      },
    ],
    ['tcpListener', { name: 'l', host: '127.0.0.1', port: String(port), address: 'bench' }],
  ];
  const children = [start(far, folder, 'far', farConfig), start(near, folder, 'near', nearConfig)];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(stopChild));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilAccepts(port, 20_000);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { port, pids: children.map((child) => child.pid ?? 0), stop };
}

function start(kind: RouterKind, folder: string, name: string, config: unknown): ChildProcess {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(config));
  const [command = '', ...args] = kind.command(file);
  return spawn(command, args, {
    stdio: ['ignore', 'ignore', process.env['BENCH_LOGS'] ? 'inherit' : 'ignore'],
  });
}

function stopChild(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 5000).unref();
  });
}

/** Waits until a connection through the pair answers an echo. */
async function untilAccepts(port: number, timeoutMs: number): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  while (performance.now() < untilMs) {
    if (await echoes(port)) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new RangeError(`no echo through port ${port} within ${timeoutMs} ms`);
}

function echoes(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => done(false));
    socket.on('error', () => done(false)).on('close', () => done(false));
    socket.on('connect', () => socket.write('ex'));
    socket.on('data', () => done(true));
  });
}

/** Resident memory of a process in bytes (Linux). */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

/** Processor time that a process has used, in seconds (Linux). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [userTicks, systemTicks] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(userTicks) + Number(systemTicks)) / 100;
}
