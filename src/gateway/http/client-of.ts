/** Who calls and whom they call: the client's address, and whether the Host is one of ours. */
import type { BlockList } from 'node:net';
import { clientAddress } from '#http/index.ts';
import { GatewayError } from '../errors.ts';
import { type HeaderLines, lineOf } from '../request/inbound-headers.ts';

/** The client's address; a proxy is believed only when it is on the list. */
export function clientOf(
  socketAddress: string | undefined,
  lines: HeaderLines,
  trustedProxies: BlockList,
): string {
  const forwarded = lines.get('x-forwarded-for')?.join(',');
  return clientAddress(socketAddress ?? '', forwarded, trustedProxies);
}

/** @param hosts names without port, lower case @throws GatewayError GATEWAY_HOST */
export function requireHost(lines: HeaderLines, hosts: ReadonlySet<string>): void {
  const host = (lineOf(lines, 'host') ?? '').toLowerCase();
  const name = host.startsWith('[') ? host.replace(/\]:\d+$/, ']') : host.replace(/:\d+$/, '');
  if (hosts.has(name)) return;
  throw new GatewayError('GATEWAY_HOST', 'this gateway does not serve the host asked for', {
    close: true,
  });
}
