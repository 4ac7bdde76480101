/** What all paths need: the API, the time, and the routers' own view, asked at most once. */
import { networkInterfaces } from 'node:os';
import { isIP } from 'node:net';
import type { Session } from '../api/session.ts';
import { type RouterAnswer, routerViews } from './router-view.ts';

/** Context of every step. */
export interface World {
  readonly session: Session;
  readonly nowMs: number;
  /** Name of the object the path begins at. */
  readonly name: string;
  /** True when the API, and so the router, is on this machine: what we reach, it reaches. */
  readonly isLocal: boolean;
  /** The own view of each router, or why it cannot be had. At least one. */
  readonly routers: () => Promise<readonly RouterAnswer[]>;
}

/** Begins a path. */
export function worldOf(session: Session, name: string, nowMs: number): World {
  let asked: ReturnType<typeof routerViews> | undefined;
  return {
    session,
    nowMs,
    name,
    isLocal: isThisMachine(new URL(session.client.server).hostname),
    routers: () => (asked ??= routerViews(session)),
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
