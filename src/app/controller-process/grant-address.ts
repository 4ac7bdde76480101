/**
 * Where tokens of this controller are redeemed. Either people say it, or a SecuredAccess brings
 * others to the pods of the controller and its first endpoint is the address.
 */
import { type SecuredAccess, securedAccess } from '#apis/index.ts';
import type { GrantAddress, GrantAddressSource } from '#grants/index.ts';
import { type ObjectKey, secret, secretText } from '#kube/index.ts';
import type { InformerSet } from '#kubeclient/index.ts';

/** Name of SecuredAccess, Certificate and Secret of the grant server. */
export const grantServerName = 'skupper-grant-server';

export interface GrantAddressOptions {
  /** The controller's own. */
  readonly namespace: string;
  /** `host:port` as people say it; empty: that of the SecuredAccess. */
  readonly baseUrl: string;
}

export class ControllerGrantAddress implements GrantAddressSource {
  readonly #informers: InformerSet;
  readonly #baseUrl: string;
  readonly #key: ObjectKey;

  constructor(informers: InformerSet, { namespace, baseUrl }: GrantAddressOptions) {
    this.#informers = informers;
    this.#baseUrl = baseUrl;
    this.#key = { namespace, name: grantServerName };
  }

  current(): GrantAddress | undefined {
    const stored = this.#informers.of(secret).get(this.#key);
    const caPem = stored === undefined ? undefined : secretText(stored, 'ca.crt');
    const place =
      this.#baseUrl === ''
        ? placeOf(this.#informers.of(securedAccess).get(this.#key))
        : this.#baseUrl;
    if (caPem === undefined || caPem === '' || place === undefined) return undefined;
    return { url: `https://${place}`, caPem };
  }

  onChange(listener: () => void): () => void {
    const isOurs = ({ object }: { object: { metadata: { name: string; namespace?: string } } }) =>
      object.metadata.name === this.#key.name && object.metadata.namespace === this.#key.namespace;
    const leave = [
      this.#informers.of(secret).onChange((change) => isOurs(change) && listener()),
      this.#informers.of(securedAccess).onChange((change) => isOurs(change) && listener()),
    ];
    return () => {
      for (const end of leave) end();
    };
  }
}

function placeOf(access: SecuredAccess | undefined): string | undefined {
  const [first] = access?.status?.endpoints ?? [];
  const { host = '', port = '' } = first ?? {};
  if (host === '' || port === '') return undefined;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
