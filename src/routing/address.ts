/**
 * Textual addresses and the keys they stand for. A key is a class letter and a name: it is what the
 * address table is keyed by and what routers tell each other.
 */
import { routingArea } from './messages.ts';

/** Where a textual address points, seen from one router. @spec router-protocol 4.3 */
export type AddressTarget =
  /** Consumers inside this router only: `qdrouter`, `$management`, `temp.…`. */
  | { readonly kind: 'local'; readonly name: string }
  /** Every interior router, this one too. */
  | { readonly kind: 'everyRouter'; readonly name: string }
  /** A name inside one other interior router. */
  | { readonly kind: 'router'; readonly router: string; readonly name: string }
  /** A name inside an edge router; `key` (`H<edge>`) leads to the interior router that serves it. */
  | { readonly kind: 'edge'; readonly edge: string; readonly key: string; readonly name: string }
  /** A service or multicast name; `key` is `M<name>`. */
  | { readonly kind: 'mobile'; readonly key: string }
  /** Another area or an empty name: nothing can be there. */
  | { readonly kind: 'nowhere' };

const nowhere: AddressTarget = { kind: 'nowhere' };

/** The path of an address: without `amqp:/`, `amqp://host/` or a leading slash. */
export function addressPath(address: string): string {
  const scheme = schemeLength(address);
  if (scheme === 0) return address.startsWith('/') ? address.slice(1) : address;
  const rest = address.slice(scheme);
  if (!rest.startsWith('//')) return rest.startsWith('/') ? rest.slice(1) : rest;
  const slash = rest.indexOf('/', 2);
  return slash < 0 ? '' : rest.slice(slash + 1);
}

/** Runs for every routed message, hence without a pattern. */
function schemeLength(address: string): number {
  if (address.startsWith('amqp:')) return 5;
  return address.startsWith('amqps:') ? 6 : 0;
}

/**
 * Reads a textual address as the interior router `self` sees it.
 * @spec router-protocol 4.3
 */
export function parseAddress(address: string, self: string): AddressTarget {
  const path = addressPath(address);
  if (path === '') return nowhere;
  if (path.startsWith('_local/')) return local(path.slice('_local/'.length));
  if (path.startsWith('_topo/')) return parseTopological(path.slice('_topo/'.length), self);
  if (path.startsWith('_xtopo/')) {
    return parseTopological(afterSegment(path.slice('_xtopo/'.length)), self);
  }
  if (path.startsWith('_edge/')) return parseEdge(path.slice('_edge/'.length));
  if (path.startsWith('_xedge/')) return parseEdge(afterSegment(path.slice('_xedge/'.length)));
  return { kind: 'mobile', key: `M${path}` };
}

/** Reads a textual address as the edge router `self` sees it. */
export function parseEdgeAddress(address: string, self: string): AddressTarget {
  const target = parseAddress(address, '');
  return target.kind === 'edge' && target.edge === self ? local(target.name) : target;
}

/** The address of a name inside an edge router, as seen from anywhere. */
export function edgeAddress(edge: string, name: string): string {
  return `amqp:/_edge/${edge}/${name}`;
}

/** The key of all names inside an edge router. */
export function edgeKey(edge: string): string {
  return `H${edge}`;
}

/** The address of a name inside a router, as seen from anywhere. */
export function routerAddress(router: string, name: string): string {
  return `amqp:/_topo/${routingArea}/${router}/${name}`;
}

/** The key of a mobile address. */
export function mobileKey(name: string): string {
  return `M${name}`;
}

function parseTopological(rest: string, self: string): AddressTarget {
  const [area, router, name] = splitTwice(rest);
  if (area !== routingArea && area !== 'all') return nowhere;
  if (router === '' || name === '') return nowhere;
  if (router === 'all') return { kind: 'everyRouter', name };
  return router === self ? local(name) : { kind: 'router', router, name };
}

function parseEdge(rest: string): AddressTarget {
  const slash = rest.indexOf('/');
  if (slash <= 0 || slash === rest.length - 1) return nowhere;
  const edge = rest.slice(0, slash);
  return { kind: 'edge', edge, key: edgeKey(edge), name: rest.slice(slash + 1) };
}

function local(name: string): AddressTarget {
  return name === '' ? nowhere : { kind: 'local', name };
}

function afterSegment(rest: string): string {
  const slash = rest.indexOf('/');
  return slash < 0 ? '' : rest.slice(slash + 1);
}

function splitTwice(rest: string): [string, string, string] {
  const first = rest.indexOf('/');
  if (first < 0) return [rest, '', ''];
  const second = rest.indexOf('/', first + 1);
  if (second < 0) return [rest.slice(0, first), rest.slice(first + 1), ''];
  return [rest.slice(0, first), rest.slice(first + 1, second), rest.slice(second + 1)];
}
