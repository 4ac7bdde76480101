/**
 * kube-gateway itself, where KUBE_GATEWAY names its executable, and ours with its face: both started
 * with the same flags before the same upstream, opened by the same token.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Bench, dial, pause } from './parts.ts';

export interface Original {
  readonly process: ChildProcess;
  readonly port: number;
  /** The Cookie header that opens it. */
  readonly cookie: string;
}

/** @returns undefined when the environment names none */
export async function startOriginal(bench: Bench): Promise<Original | undefined> {
  const executable = process.env['KUBE_GATEWAY'];
  return executable === undefined ? undefined : startFace(bench, [executable]);
}

/** Ours, with the flags of kube-gateway. */
export function startOurFace(bench: Bench): Promise<Original> {
  const program = join(import.meta.dirname, '../../../bin/drawbridge.ts');
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
  return startFace(bench, [...node, program, 'gateway']);
}

async function startFace(bench: Bench, command: readonly string[]): Promise<Original> {
  const token = join(bench.pki, 'original-token');
  writeFileSync(token, 'token-of-the-gateway');
  const port = await freePort();
  const flags = {
    'api-server': `https://127.0.0.1:${bench.direct}`,
    'api-server-ca-file': join(bench.pki, 'ca.crt'),
    'api-server-bearer-token-file': token,
    'gateway-listen': `https://127.0.0.1:${port}`,
    'gateway-cert-file': join(bench.pki, 'apiserver.crt'),
    'gateway-key-file': join(bench.pki, 'apiserver.key'),
    'public-dir': bench.pki,
  };
  const args = Object.entries(flags).map(([name, value]) => `-${name}=${value}`);
  const [executable = '', ...before] = command;
  const child = spawn(executable, [...before, ...args], { stdio: 'ignore' });
  for (let tries = 0; ; tries++) {
    try {
      (await dial(port, bench.ca)).destroy();
      break;
    } catch (thrown) {
      if (tries > 200) throw thrown;
      await pause(50);
    }
  }
  return { process: child, port, cookie: `kg-jwt-session-code=${signedToken(bench.linkKey)}` };
}

function signedToken(key: Bench['linkKey']): string {
  const nowSec = Math.floor(Date.now() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { exp: nowSec + 3600, nbf: nowSec - 1, id: '', verbs: ['get'], URLs: ['/api*'] };
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer().listen(0, '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    server.close(() => resolve(port));
  });
  return promise;
}
