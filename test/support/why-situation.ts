/**
 * A namespace with a site, in an API without controllers: a test puts objects and statuses there as
 * they are when something is wrong, and asks `drawbridge why`.
 */
import assert from 'node:assert/strict';
import { createServer as createPlain, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer as createSecure } from 'node:tls';
import { objectPath, type ResourceDefinition } from '#kube/index.ts';
import { createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';
import { site } from '#apis/index.ts';
import { apiServerFor, type AnyJson } from './api-server.ts';
import { cli, type CliOutcome } from './up-cli.ts';

/** What `drawbridge why -o json` prints. */
export interface Told {
  readonly code: number;
  readonly healthy: boolean;
  readonly cause?: { readonly step: string; readonly detail: string; readonly fix: string[] };
  readonly steps: readonly {
    readonly step: string;
    readonly state: string;
    readonly detail: string;
  }[];
  /** The same for people. */
  readonly text: string;
}

export interface Situation {
  apply(...objects: readonly AnyJson[]): Promise<void>;
  setStatus(of: ResourceDefinition, name: string, status: AnyJson): Promise<void>;
  why(target: string): Promise<Told>;
  /** Another verb in the namespace. */
  cli(...args: readonly string[]): Promise<CliOutcome>;
}

const namespace = 'east';

/** A condition as a controller writes it. */
export function condition(type: string, status: 'True' | 'False', message = 'OK'): AnyJson {
  const reason = status === 'True' ? 'Ready' : 'Error';
  const lastTransitionTime = '2026-11-22T00:00:00Z';
  return { type, status, reason, message, observedGeneration: 1, lastTransitionTime };
}

/** An API with the namespace and, unless told otherwise, its Ready site. */
export async function situation(t: TestContext, withSite = true): Promise<Situation> {
  const api = await apiServerFor(t);
  const at = ['--kubeconfig', api.kubeconfig, '-n', namespace];
  const made: Situation = {
    cli: (...args) => cli([...at, ...args]),
    apply: async (...objects) => {
      const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
      const { code, stderr } = await cli([...at, 'system', 'apply', '-f', '-'], { stdin });
      assert.equal(code, 0, stderr);
    },
    setStatus: async (of, name, status) => {
      const answer = await api.call(`${objectPath(of, { namespace, name })}/status`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { status },
      });
      assert.equal(answer.status, 200, answer.text);
    },
    why: async (target) => {
      const { code, stdout, stderr } = await cli([...at, 'why', target, '-o', 'json']);
      assert.equal(stderr.replaceAll(/^following: .*\n/gm, ''), '');
      const { stdout: text } = await cli([...at, 'why', target]);
      return { ...(JSON.parse(stdout) as Omit<Told, 'code' | 'text'>), code, text };
    },
  };
  await made.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  if (!withSite) return made;
  await made.apply(ours('Site', 'east', {}));
  const conditions = ['Configured', 'Running', 'Ready'].map((type) => condition(type, 'True'));
  await made.setStatus(site, 'east', { status: 'Ready', message: 'OK', conditions });
  return made;
}

/** An object of skupper.io/v2alpha1. */
export function ours(kind: string, name: string, spec: AnyJson, annotations?: AnyJson): AnyJson {
  return { apiVersion: 'skupper.io/v2alpha1', kind, metadata: { name, annotations }, spec };
}

/** A Secret of TLS credentials. */
export function tlsSecret(name: string, { ca, cert, key }: Credentials): AnyJson {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name },
    stringData: { 'ca.crt': ca, 'tls.crt': cert, 'tls.key': key },
  };
}

/** PEM texts. */
export interface Credentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Credentials of a CA of their own, for client and server. @param shiftMs how far from now they begin */
export async function credentials(
  host = '127.0.0.1',
  shiftMs = 0,
  lifetimeMs = 24 * 3_600_000,
): Promise<Credentials> {
  const nowMs = Date.now() + shiftMs;
  const authority = await createAuthority({ commonName: 'test CA', nowMs, lifetimeMs });
  const { certificate, keys } = await issueCertificate(authority, {
    commonName: 'test',
    hosts: [host],
    server: true,
    client: true,
    nowMs,
    lifetimeMs,
  });
  return {
    ca: authority.certificate.pem,
    cert: certificate.pem,
    key: privateKeyPem(keys.privateKey),
  };
}

/** A server that takes TLS with these credentials and does as told with each client. */
export async function tlsServer(
  t: TestContext,
  { ca, cert, key }: Credentials,
  onClient: (socket: Socket) => void = () => undefined,
): Promise<number> {
  const server = createSecure({ ca, cert, key, requestCert: true, rejectUnauthorized: false });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    onClient(socket);
  });
  server.on('tlsClientError', () => undefined);
  return listening(t, server);
}

/** A server that takes connections and says nothing. */
export async function plainServer(t: TestContext): Promise<number> {
  return listening(
    t,
    createPlain((socket) => socket.on('error', () => undefined)),
  );
}

async function listening(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
