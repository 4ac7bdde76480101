/** What all paths need: the API, the time, and the router's own view, asked at most once. */
import { networkInterfaces } from 'node:os';
import { isIP } from 'node:net';
import type { Session } from '../api/session.ts';
import { routerView, type RouterView } from './router-view.ts';

/** Context of every step. */
export interface World {
  readonly session: Session;
  readonly nowMs: number;
  /** Name of the object the path begins at. */
  readonly name: string;
  /** True when the API, and so the router, is on this machine: what we reach, it reaches. */
  readonly isLocal: boolean;
  /** The router's own view, or why it cannot be had. */
  readonly router: () => Promise<{ readonly view: RouterView } | { readonly problem: string }>;
}

/** Begins a path. */
export function worldOf(session: Session, name: string, nowMs: number): World {
  let asked: ReturnType<typeof routerView> | undefined;
  return {
    session,
    nowMs,
    name,
    isLocal: isThisMachine(new URL(session.client.server).hostname),
    router: () => (asked ??= routerView(session)),
  };
}

function isThisMachine(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (host === 'localhost' || host === '::1') return true;
  if (isIP(host) === 0) return false;
  if (host.startsWith('127.')) return true;
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return own.some(({ address }) => address === host);
}
