/**
 * Who created which grant, for sure. In a cluster nobody but a gateway can say that: the API server
 * tells it once, while it asks whether the grant may be made, and the gateway writes it down with a
 * seal as soon as the object is there. What it has not written down itself it does not believe.
 */
import type { GatewayToken } from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import { keyOf, keyText } from '#kube/index.ts';
import { AdmittedApprovers } from '../verdict/approvers.ts';
import { AdmittedObjects } from './admitted-objects.ts';
import { hasSeal, openingText, sealOf, secretPath } from './seal.ts';

interface Admitted {
  readonly key: string;
  readonly creator: string;
  readonly opening: string;
}

/** Stands for the gateway itself, which makes grants of logins. */
export const gatewayItself = 'system:drawbridge:gateway';

export class Creators {
  readonly #key: Buffer;
  /** Who said what about grants of others; the API server tells that the same way. */
  readonly approvers: AdmittedApprovers;
  readonly #admitted: AdmittedObjects<Admitted>;
  /** Objects of the cache are replaced when they change, so the object is the key. */
  readonly #proven = new WeakMap<GatewayToken, boolean>();

  constructor(key: Buffer, clock: Clock) {
    this.#key = key;
    this.approvers = new AdmittedApprovers(clock);
    this.#admitted = new AdmittedObjects(clock);
  }

  /** Where the API server asks. */
  get path(): string {
    return secretPath(this.#key);
  }

  /** Whether a gateway vouches for the creator that the grant names. */
  isProven(grant: GatewayToken): boolean {
    const known = this.#proven.get(grant);
    if (known !== undefined) return known;
    const proven = hasSeal(this.#key, grant);
    this.#proven.set(grant, proven);
    return proven;
  }

  /** The status with creator and seal. A creator that somebody else wrote down stays, unproven. */
  vouched(grant: GatewayToken, creator: string): NonNullable<GatewayToken['status']> {
    const { status = {} } = grant;
    if (this.isProven(grant)) return status;
    const issuedBy = status.issuedBy ?? creator;
    if (issuedBy !== creator || status.seal !== undefined) return status;
    return { ...status, issuedBy, seal: sealOf(this.#key, grant, creator) };
  }

  /** The API server says who is about to create this grant, and he may. */
  onAdmitted(grant: GatewayToken, creator: string): void {
    const key = keyText(keyOf(grant));
    const opening = openingText(grant.spec);
    this.#admitted.add(grant.metadata.uid, { key, creator, opening });
  }

  /** The grant as it has appeared, vouched for when it was admitted here; else the same object. */
  withCreator(grant: GatewayToken): GatewayToken {
    const admitted = this.#admitted.find(grant.metadata.uid);
    // That no object of this name had the uid before was looked at: the name belongs to the proof.
    if (admitted === undefined || admitted.key !== keyText(keyOf(grant))) return grant;
    if (admitted.opening !== openingText(grant.spec)) return grant;
    const status = this.vouched(grant, admitted.creator);
    return status === grant.status ? grant : { ...grant, status };
  }
}
