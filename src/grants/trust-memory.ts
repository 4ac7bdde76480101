/**
 * What stands against the authority of a site, and what its joiners should trust, kept for a while:
 * reading certificates and verifying signatures takes as long as all else of a redemption.
 */
import type { Secret } from './kinds.ts';
import { bundleForJoiners, faultOfTrust } from './site-trust.ts';

interface Fault {
  readonly server: Secret | undefined;
  readonly found: string | undefined;
}

interface Bundle {
  readonly server: Secret | undefined;
  readonly found: string;
  /** Milliseconds since 1970. */
  readonly untilMs: number;
}

/** Certificates end, so that what joiners should trust is not true for ever; milliseconds. */
const keepMs = 10_000;

export class TrustMemory {
  // By the issuer: cached objects are replaced when they change, so the object itself is the key.
  readonly #faults = new WeakMap<Secret, Fault>();
  readonly #bundles = new WeakMap<Secret, Bundle>();

  /** What stands against certificates of this issuer. @param server what the routers show */
  faultOf(
    server: Secret | undefined,
    issuer: Secret | undefined,
    issuerName: string,
  ): string | undefined {
    if (issuer === undefined) return undefined;
    const known = this.#faults.get(issuer);
    if (known !== undefined && known.server === server) return known.found;
    const found = faultOfTrust(server, issuer, issuerName);
    this.#faults.set(issuer, { server, found });
    return found;
  }

  /** What joiners should trust, as of `nowMs` or a few seconds before. */
  bundleOf(
    server: Secret | undefined,
    issuer: Secret,
    issuerBundle: string,
    nowMs: number,
  ): string {
    const known = this.#bundles.get(issuer);
    const isFresh = known !== undefined && known.untilMs > nowMs && known.untilMs <= nowMs + keepMs;
    if (isFresh && known.server === server) return known.found;
    const found = bundleForJoiners(server, issuerBundle, nowMs);
    this.#bundles.set(issuer, { server, found, untilMs: nowMs + keepMs });
    return found;
  }
}
