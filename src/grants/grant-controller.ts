/** Keeps the status of AccessGrants: code, URL, CA, expiration and conditions. */
import type { Running } from '#base/lifecycle.ts';
import { alphanumeric, randomText } from '#base/random.ts';
import { findCondition, isTerminating, keyOf, keyText, type ObjectKey } from '#kube/index.ts';
import { createOrUpdate, feed, updateStatus } from '#kubeclient/index.ts';
import { type Reconciler, ReconcileLoop, type ReconcileResult } from '#reconcile/index.ts';
import type { GrantsDeps } from './controller-deps.ts';
import { decideGrant, defaultGrantSpec, type GrantAddress } from './grant-decision.ts';
import { type AccessGrant, accessGrant, type Secret, secret, type Site, site } from './kinds.ts';
import { endOf, redeemable } from './grant-use.ts';
import { activeSite, issuerDefault, issuerOf } from './site-access.ts';
import { siteServerName } from './site-trust.ts';
import { TrustMemory } from './trust-memory.ts';

/** Where the address of the grant server comes from; a running grant server is one. */
export interface GrantAddressSource {
  current(): GrantAddress | undefined;
  /** @returns takes the listener away */
  onChange(listener: () => void): () => void;
}

export interface AccessGrantOptions {
  /** Absent: grants are not enabled here. */
  readonly address?: GrantAddressSource;
}

/** Length of a code that the controller makes: 24 letters and digits are 142 bits. */
const codeChars = 24;

/** Starts the controller; it works as soon as the informers have synced. */
export function startAccessGrantController(deps: GrantsDeps, options: AccessGrantOptions): Running {
  const grants = deps.informers.of(accessGrant);
  const sites = deps.informers.of(site);
  const loop = new ReconcileLoop<ObjectKey>(new AccessGrantReconciler(deps, options), deps, {
    name: 'accessgrant',
    idOf: keyText,
  });
  const grantsOf = (namespace: string | undefined): ObjectKey[] =>
    grants.list(namespace).map(keyOf);
  const leave = [
    feed(grants, loop, (grant) => [keyOf(grant)]),
    feed(deps.informers.of(secret), loop, (changed) =>
      // Only what decides whether joiners will be known matters.
      isOfTrust(changed, sites.list(changed.metadata.namespace))
        ? grantsOf(changed.metadata.namespace)
        : [],
    ),
    feed(sites, loop, (changed) => grantsOf(changed.metadata.namespace)),
    options.address?.onChange(() => {
      for (const key of grantsOf(undefined)) loop.add(key);
    }),
  ];
  let stopped = false;
  void Promise.all([grants.synced, sites.synced, deps.informers.of(secret).synced]).then(() => {
    if (!stopped) loop.start();
  });
  return {
    stop: async (stopOptions) => {
      stopped = true;
      for (const end of leave) end?.();
      await loop.stop(stopOptions);
    },
  };
}

function isOfTrust({ metadata }: Secret, sites: readonly Site[]): boolean {
  if (metadata.name === siteServerName || metadata.name === issuerDefault) return true;
  return sites.some((each) => issuerOf(undefined, each) === metadata.name);
}

class AccessGrantReconciler implements Reconciler<ObjectKey> {
  readonly #deps: GrantsDeps;
  readonly #options: AccessGrantOptions;
  readonly #trust = new TrustMemory();

  constructor(deps: GrantsDeps, options: AccessGrantOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const cached = this.#deps.informers.of(accessGrant).get(key);
    if (cached === undefined || isTerminating(cached)) return {};
    const grant = await this.#writeDefaults(cached);
    if (grant === undefined) return {};
    const active = activeSite(this.#deps.informers.of(site).list(key.namespace));
    const around = {
      siteFault: this.#faultOf(grant, active),
      enabled: this.#options.address !== undefined,
      address: this.#options.address?.current(),
      site: active,
      createCode: () => randomText(this.#deps.random, codeChars, alphanumeric),
    };
    const written = await updateStatus(this.#deps.client, accessGrant, grant, (copy) =>
      decideGrant(copy, { ...around, nowMs: this.#deps.clock.nowMs() }),
    );
    if (written?.outcome === 'updated') this.#announce(grant, written.object);
    const leftMs = (endOf(written?.object ?? grant) ?? 0) - this.#deps.clock.nowMs();
    // When it ends, its state changes without anybody touching it.
    return leftMs > 0 ? { requeueAfterMs: leftMs + 1 } : {};
  }

  /** Ends that are not announced by who brought them about. */
  #announce(before: AccessGrant, now: AccessGrant): void {
    const was = findCondition(before.status?.conditions, redeemable);
    const is = findCondition(now.status?.conditions, redeemable);
    if (is === undefined || is.reason === was?.reason) return;
    const isWarning = is.reason === 'Refused';
    if (!isWarning && is.reason !== 'Expired') return;
    const type = isWarning ? 'Warning' : 'Normal';
    this.#deps.events?.record(now, { type, reason: is.reason, message: is.message });
  }

  #faultOf(grant: AccessGrant, active: Site | undefined): string | undefined {
    if (active === undefined) return undefined;
    const { namespace = '' } = grant.metadata;
    const secrets = this.#deps.informers.of(secret);
    const issuer = issuerOf(grant.spec?.issuer, active);
    const server = secrets.get({ namespace, name: siteServerName });
    return this.#trust.faultOf(server, secrets.get({ namespace, name: issuer }), issuer);
  }

  async #writeDefaults(grant: AccessGrant): Promise<AccessGrant | undefined> {
    if (defaultGrantSpec(grant) === grant) return grant;
    const uid = grant.metadata.uid;
    const written = await createOrUpdate(
      this.#deps.client,
      accessGrant,
      keyOf(grant),
      (existing) =>
        existing?.metadata.uid === uid ? existing && defaultGrantSpec(existing) : undefined,
      grant,
    );
    return written?.object;
  }
}
