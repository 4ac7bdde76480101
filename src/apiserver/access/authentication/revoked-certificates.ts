/**
 * Client certificates that are refused before their time is over: the keys of the ConfigMap
 * `drawbridge-revoked-users` in `kube-system`, each the serial number or the SHA-256 fingerprint of one.
 * What is written there counts from the next request on, and ends what is open.
 */
import type { ClientCertificate } from '#http/index.ts';
import { invalid, invalidObject, isRecord, type KubeObject } from '#kube/index.ts';
import type { Store } from '#store/index.ts';
import type { ObjectGate } from '../../objects/object-gate.ts';

const collection = 'configmaps';
const place = { namespace: 'kube-system', name: 'drawbridge-revoked-users' };

export class RevokedCertificates {
  readonly #store: Store<KubeObject>;
  readonly #listeners: (() => void)[] = [];
  #keys: ReadonlySet<string> = new Set();
  #unsubscribe: (() => void) | undefined;

  constructor(store: Store<KubeObject>) {
    this.#store = store;
  }

  start(): void {
    this.#read();
    this.#unsubscribe = this.#store.onChange(collection, ({ namespace, name }) => {
      if (namespace !== place.namespace || name !== place.name) return;
      this.#read();
      for (const listener of this.#listeners) listener();
    });
  }

  stop(): void {
    this.#unsubscribe?.();
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  has({ serialNumber, fingerprintSha256 }: ClientCertificate): boolean {
    return this.#keys.has(normal(serialNumber)) || this.#keys.has(normal(fingerprintSha256));
  }

  #read(): void {
    const object = this.#store.get(collection, place)?.value;
    this.#keys = new Set(keysOf(object).map(normal));
  }
}

/** Refuses a list with a key that could never match: a typing mistake would let somebody in. */
export const revocationGate: ObjectGate = ({ target, object }) => {
  const { definition, namespace } = target;
  const { name } = object.metadata;
  const ours = definition.group === '' && definition.plural === collection;
  if (!ours || namespace !== place.namespace || name !== place.name) return object;
  const faults = keysOf(object)
    .filter((key) => !/^[0-9a-f]{1,64}$/u.test(normal(key)))
    .map((key) =>
      invalid(
        'data',
        key,
        'must be the serial number or SHA-256 fingerprint of a certificate in hex',
      ),
    );
  if (faults.length > 0) throw invalidObject(definition, name, faults);
  return object;
};

function keysOf(object: KubeObject | undefined): string[] {
  if (!object) return [];
  const { data }: { data?: unknown } & KubeObject = object;
  return isRecord(data) ? Object.keys(data) : [];
}

/** Lower case, without separators and leading zeros, as certificates are compared. */
function normal(key: string): string {
  return key
    .toLowerCase()
    .replaceAll(/[-._]/gu, '')
    .replace(/^0+(?=.)/u, '');
}
