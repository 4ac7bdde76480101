/**
 * What has to be done to a running router so that it matches its desired entities. Pure: rows as
 * the router answered them in, operations in a safe order out.
 */
import {
  type AttributeValue,
  type EntityType,
  managementListener,
  type RouterEntity,
} from './entities.ts';

/** Types that are brought in line on a running router; the others need a restart. */
export const managedTypes = [
  'sslProfile',
  'proxyProfile',
  'connector',
  'listener',
  'tcpListener',
  'tcpConnector',
  // After tcpListener: what becomes of one decides what becomes of its addresses.
  'listenerAddress',
] as const satisfies readonly EntityType[];

export type ManagedType = (typeof managedTypes)[number];

/** One entity as a QUERY answers it. */
export type EntityRow = Readonly<Record<string, unknown>>;

export interface RouterOperation {
  readonly operation: 'create' | 'update' | 'delete';
  readonly type: ManagedType;
  readonly name: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** Listeners that are not derived from objects and never touched. */
const protectedListeners: ReadonlySet<string> = new Set(['@9090', 'amqp', managementListener]);
/** Profiles and proxies can be changed in place; everything else is made anew. */
const updatable: ReadonlySet<ManagedType> = new Set(['sslProfile', 'proxyProfile']);
/** But this of a tcpListener, so that no connection is lost for it. */
const changeable = 'sharePort';

/**
 * Profiles are made and changed before anything uses them, users are removed before they are made
 * anew, and profiles that nothing uses any more go last. A tcpListener can only go without addresses.
 */
export function difference(
  desired: readonly RouterEntity[],
  actual: ReadonlyMap<ManagedType, readonly EntityRow[]>,
): RouterOperation[] {
  const profiles: RouterOperation[] = [];
  const removals: RouterOperation[] = [];
  const creations: RouterOperation[] = [];
  const leftovers: RouterOperation[] = [];
  let addresses: AddressOperations = { first: [], last: [] };
  for (const type of managedTypes) {
    const wanted = new Map(
      desired.filter((entity) => entity.type === type).map((entity) => [entity.name, entity]),
    );
    const present = new Map<string, EntityRow>();
    for (const row of actual.get(type) ?? []) {
      const name = row['name'];
      if (typeof name !== 'string') continue;
      if (wanted.has(name) || isManaged(type, row, name)) present.set(name, row);
    }
    if (type === 'listenerAddress') {
      addresses = differenceOfAddresses(wanted, present, removals);
      continue;
    }
    for (const [name, entity] of wanted) {
      if (type === 'listener' && protectedListeners.has(name)) continue;
      const row = present.get(name);
      const { attributes } = entity;
      const inPlace = updatable.has(type);
      if (row === undefined) {
        (inPlace ? profiles : creations).push({ operation: 'create', type, name, attributes });
      } else if (!matches(row, attributes)) {
        if (inPlace) {
          profiles.push({ operation: 'update', type, name, attributes });
        } else if (
          type === 'tcpListener' &&
          matches({ ...row, ...shareOf(attributes) }, attributes)
        ) {
          const changes = shareOf(attributes);
          removals.push({ operation: 'update', type, name, attributes: changes });
        } else {
          removals.push({ operation: 'delete', type, name, attributes: {} });
          creations.push({ operation: 'create', type, name, attributes });
        }
      }
    }
    for (const name of present.keys()) {
      if (wanted.has(name)) continue;
      const list = updatable.has(type) ? leftovers : removals;
      list.push({ operation: 'delete', type, name, attributes: {} });
    }
  }
  const { first, last } = addresses;
  return [...profiles, ...first, ...removals, ...creations, ...last, ...leftovers];
}

/** Connectors and listeners of clients, health and management are not ours to touch. */
function isManaged(type: ManagedType, row: EntityRow, name: string): boolean {
  if (type === 'listener') {
    return !protectedListeners.has(name) && isBetweenRouters(row['role']);
  }
  return type !== 'connector' || isBetweenRouters(row['role']);
}

function isBetweenRouters(role: unknown): boolean {
  return role === 'inter-router' || role === 'edge';
}

interface AddressOperations {
  /** Before tcpListeners are removed. */
  readonly first: readonly RouterOperation[];
  /** After they are made. */
  readonly last: readonly RouterOperation[];
}

/**
 * An address whose tcpListener goes goes first, and comes back with it. Where the listener stays,
 * addresses are changed one at a time and removed last, so that the others keep its socket open.
 */
function differenceOfAddresses(
  wanted: ReadonlyMap<string, RouterEntity>,
  present: ReadonlyMap<string, EntityRow>,
  removals: readonly RouterOperation[],
): AddressOperations {
  const type = 'listenerAddress';
  const gone = new Set(
    removals.map(({ operation, type: of, name }) =>
      operation === 'delete' && of === 'tcpListener' ? name : '',
    ),
  );
  const isDetached = (row: EntityRow): boolean => gone.has(String(row['listener']));
  const remove = (name: string): RouterOperation => {
    return { operation: 'delete', type, name, attributes: {} };
  };
  const first = [...present].flatMap(([name, row]) => (isDetached(row) ? [remove(name)] : []));
  const last: RouterOperation[] = [];
  for (const [name, { attributes }] of wanted) {
    const row = present.get(name);
    const isThere = row !== undefined && !isDetached(row);
    if (isThere && matches(row, attributes)) continue;
    if (isThere) last.push(remove(name));
    last.push({ operation: 'create', type, name, attributes });
  }
  for (const [name, row] of present) {
    if (!wanted.has(name) && !isDetached(row)) last.push(remove(name));
  }
  return { first, last };
}

/** What entities have that say nothing about it; a row with something else is another one. */
const silent = {
  sslProfile: '',
  proxyProfile: '',
  observer: 'auto',
  multiAddressStrategy: 'none',
  [changeable]: false,
};

function shareOf(attributes: RouterEntity['attributes']): RouterEntity['attributes'] {
  return { [changeable]: attributes[changeable] ?? false };
}

function matches(row: EntityRow, attributes: RouterEntity['attributes']): boolean {
  for (const [name, value] of Object.entries(silent)) {
    const actual = row[name] ?? value;
    if (attributes[name] === undefined && !sameValue(actual, value)) return false;
  }
  return Object.entries(attributes).every(([name, value]) => sameValue(row[name], value));
}

/** Routers answer numbers and booleans as they like: `5`, `"5"`, `true`, `"true"`. */
function sameValue(actual: unknown, wanted: AttributeValue): boolean {
  if (actual === undefined || actual === null) return wanted === '';
  if (typeof actual === 'string') return actual === String(wanted);
  if (typeof actual === 'number' || typeof actual === 'boolean' || typeof actual === 'bigint') {
    return actual.toString() === String(wanted);
  }
  return false;
}
