/**
 * Subresources that open a way into a workload or a machine. No verb and no star covers them: a
 * grant names the capability, for every transport and every version of the API server.
 */
import type { RequestInfo } from '../request/request-info.ts';

/** The capabilities of `spec.connect`. */
export type Capability =
  | 'exec'
  | 'attach'
  | 'portforward'
  | 'proxy'
  | 'log'
  | 'vnc'
  | 'console'
  | 'usbredir'
  | 'vsock';

const bySubresource: Readonly<Record<string, Capability>> = {
  exec: 'exec',
  attach: 'attach',
  portforward: 'portforward',
  proxy: 'proxy',
  log: 'log',
  vnc: 'vnc',
  console: 'console',
  usbredir: 'usbredir',
  vsock: 'vsock',
};

/** The capability that a request needs; undefined when verbs and rules alone decide. */
export function capabilityOf(info: RequestInfo): Capability | undefined {
  if (!info.isResource) return undefined;
  // The old form /api/v1/proxy/… has the verb in the path.
  if (info.verb === 'proxy') return 'proxy';
  return Object.hasOwn(bySubresource, info.subresource)
    ? bySubresource[info.subresource]
    : undefined;
}

/** Verbs that stand for opening a stream: GET by WebSocket, POST by SPDY. */
export const connectVerbs: readonly string[] = ['get', 'create', 'connect'];

/** Subresources that change who runs what; a rule names them, a star does not mean them. */
export const namedSubresources: ReadonlySet<string> = new Set([
  'approval',
  'binding',
  'ephemeralcontainers',
  'eviction',
  'finalize',
  'token',
]);

/** Whether the API server switches protocols here. */
export function isUpgradeable(capability: Capability | undefined): boolean {
  return capability !== undefined && capability !== 'log';
}
