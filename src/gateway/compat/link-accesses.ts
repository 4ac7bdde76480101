/**
 * From a signed token to what it gives now. A signature that was found good is remembered by the
 * SHA-256 of the whole token, as long as the key that made it counts; times are looked at each time.
 */
import { hash, type KeyObject } from 'node:crypto';
import type { GatewayToken } from '#apis/index.ts';
import { Secret } from '#base/secret.ts';
import type { Access } from '../session/gatekeeper.ts';
import { refuseOutOfTime, type SignedLink, verifyLinkToken } from './link-token.ts';
import type { LinkClaims } from './mint-request.ts';

interface Known extends SignedLink {
  readonly access: Access;
}

/** What a token gives, and for whom records and streams take it. */
export interface LinkAccess {
  readonly claims: LinkClaims;
  readonly access: Access;
}

/** Tokens remembered; the oldest goes first. */
const knownMax = 1024;
/** Longer tokens are verified each time, so that memory stays bounded; characters. */
const knownCharsMax = 4096;

export class LinkAccesses {
  readonly #known = new Map<string, Known>();

  get size(): number {
    return this.#known.size;
  }

  /**
   * @param keys those that count now
   * @throws GatewayError GATEWAY_CREDENTIAL, GATEWAY_NOT_YET, GATEWAY_ENDED
   */
  async enter(token: string, keys: readonly KeyObject[], nowMs: number): Promise<LinkAccess> {
    const digest = hash('sha256', token, 'hex');
    const known = this.#known.get(digest);
    if (known !== undefined && keys.includes(known.key)) {
      refuseOutOfTime(known.claims, nowMs);
      return known;
    }
    const signed = await verifyLinkToken(token, keys);
    refuseOutOfTime(signed.claims, nowMs);
    const found = { ...signed, access: accessOf(digest, signed.claims) };
    if (token.length <= knownCharsMax) this.#keep(digest, found);
    return found;
  }

  #keep(digest: string, found: Known): void {
    this.#known.delete(digest);
    this.#known.set(digest, found);
    if (this.#known.size <= knownMax) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}

/** A signed token stands for a grant of its own: streams end with it, records name it. */
function accessOf(digest: string, claims: LinkClaims): Access {
  const key = {
    namespace: 'kube-gateway',
    name: claims.id === '' ? digest.slice(0, 12) : claims.id,
  };
  const grant: GatewayToken = {
    apiVersion: 'drawbridge.dev/v1alpha1',
    kind: 'GatewayToken',
    metadata: { ...key, uid: digest },
    spec: {},
  };
  return {
    grant,
    session: { kind: 'session', key, secret: new Secret('') },
    sessionId: digest.slice(0, 12),
    endMs: claims.expires * 1000,
  };
}
