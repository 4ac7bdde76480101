/** The RouterAccess controller: its SecuredAccess, and its endpoints once they are known. */
import type { Running } from '#base/lifecycle.ts';
import {
  isOwnedBy,
  isTerminating,
  keyOf,
  type KubeObject,
  type ObjectKey,
  ownerReferenceTo,
} from '#kube/index.ts';
import { createOrUpdate, feed, updateStatus } from '#kubeclient/index.ts';
import type { Reconciler, ReconcileResult } from '#reconcile/index.ts';
import { activeSiteOf, type ControllerContext, evaluationOf, secretsOf } from '../context.ts';
import { objectId, startController } from '../controller.ts';
import { announceStatus } from '../tidings.ts';
import {
  configMap,
  type RouterAccess,
  routerAccess,
  type SecuredAccess,
  secret,
  securedAccess,
  type Site,
  site,
} from '../kinds.ts';
import { annotations, messages, nameInGroup, routerGroups, siteObjects } from '../names.ts';
import {
  checkCredentials,
  checkCredentialsTime,
  credentialsTurnMs,
} from '../router-config/check-credentials.ts';
import { defaultIssuer } from '../site/decide.ts';
import { decideRouterAccessStatus, isControlled, securedAccessSpec, specOf } from './decide.ts';

export function startRouterAccessController(context: ControllerContext): Running {
  const { informers } = context;
  const accesses = informers.of(routerAccess);
  const inNamespace = (object: KubeObject): ObjectKey[] =>
    accesses.list(object.metadata.namespace).map(keyOf);
  const usersOf = (object: KubeObject): ObjectKey[] =>
    accesses
      .list(object.metadata.namespace)
      .filter((access) => specOf(access).tlsCredentials === object.metadata.name)
      .map(keyOf);
  return startController<ObjectKey>(context, new RouterAccessReconciler(context), {
    name: 'routeraccess',
    idOf: objectId,
    informers: [
      accesses,
      informers.of(securedAccess),
      informers.of(secret),
      informers.of(site),
      informers.of(configMap),
    ],
    all: () => accesses.list().map(keyOf),
    wake: (_add, loop) => [
      feed(accesses, loop, (object) => [keyOf(object)]),
      feed(informers.of(securedAccess), loop, inNamespace),
      feed(informers.of(secret), loop, usersOf),
      feed(informers.of(site), loop, inNamespace),
    ],
  });
}

/** A way in shows a certificate, and knows those who come by their authority. */
const credentialNeed = { authority: true, certificate: true };

const noAccesses: ReadonlyMap<string, SecuredAccess> = new Map();

class RouterAccessReconciler implements Reconciler<ObjectKey> {
  readonly #context: ControllerContext;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const { client, informers } = this.#context;
    const access = informers.of(routerAccess).get(key);
    if (access === undefined || isTerminating(access)) return {};
    const active = activeSiteOf(this.#context, key.namespace);
    const secured = active === undefined ? noAccesses : await this.#settle(access, active);
    const problem =
      active === undefined
        ? messages.noActiveSite
        : this.#problemOf(access, secured.get(siteObjects.routerGroup));
    const awaited = this.#awaitedSecret(access);
    const written = await updateStatus(client, routerAccess, access, (copy) => ({
      ...copy,
      status: decideRouterAccessStatus(
        copy,
        { problem, awaited, securedAccesses: secured },
        evaluationOf(this.#context, copy),
      ),
    }));
    announceStatus(this.#context, access, written);
    return this.#nextLook(access);
  }

  /** A certificate begins and ends without anybody writing anything. */
  #nextLook(access: RouterAccess): ReconcileResult {
    const name = specOf(access).tlsCredentials;
    const secrets = { secret: secretsOf(this.#context, access.metadata.namespace ?? '') };
    if (checkCredentials(secrets, name, credentialNeed) !== undefined) return {};
    const nowMs = this.#context.clock.nowMs();
    const turnMs = credentialsTurnMs(secrets, name, nowMs);
    return turnMs === undefined ? {} : { requeueAfterMs: Math.max(1000, turnMs - nowMs) };
  }

  #problemOf(access: RouterAccess, secured: SecuredAccess | undefined): string | undefined {
    const name = specOf(access).tlsCredentials;
    const configured = secured?.status?.conditions?.find(({ type }) => type === 'Configured');
    if (configured?.status === 'False') return configured.message;
    if (name === '') return messages.tlsSecretNotFound(name);
    if (this.#awaitedSecret(access) !== undefined) return undefined;
    const secrets = { secret: secretsOf(this.#context, access.metadata.namespace ?? '') };
    return (
      checkCredentials(secrets, name, credentialNeed) ??
      checkCredentialsTime(secrets, name, this.#context.clock.nowMs())
    );
  }

  /** The Secret that is being made for it and is not there yet: no fault, it takes a moment. */
  #awaitedSecret(access: RouterAccess): string | undefined {
    const { tlsCredentials, generateTlsCredentials } = specOf(access);
    if (generateTlsCredentials !== true || tlsCredentials === '') return undefined;
    const found = secretsOf(this.#context, access.metadata.namespace ?? '')(tlsCredentials);
    return found === undefined ? tlsCredentials : undefined;
  }

  /** One for each router of the Site; those of routers that it no longer has go. */
  async #settle(access: RouterAccess, active: Site): Promise<ReadonlyMap<string, SecuredAccess>> {
    const { client, informers } = this.#context;
    const found = new Map<string, SecuredAccess>();
    const groups = routerGroups(active.spec?.ha === true);
    for (const group of groups) {
      const made = await this.#ensureSecuredAccess(access, defaultIssuer(active), group);
      if (made !== undefined) found.set(group, made);
    }
    if (groups.length > 1) return found;
    const { namespace = '', name } = access.metadata;
    const key = { namespace, name: nameInGroup(name, siteObjects.secondRouterGroup) };
    const left = informers.of(securedAccess).get(key);
    if (left !== undefined && isControlled(left) && isOwnedBy(left, access)) {
      await client.remove(securedAccess, key, { uid: left.metadata.uid ?? '' });
    }
    return found;
  }

  async #ensureSecuredAccess(
    access: RouterAccess,
    issuer: string,
    group: string,
  ): Promise<SecuredAccess | undefined> {
    const { client, informers } = this.#context;
    const { namespace } = keyOf(access);
    const key = { namespace, name: nameInGroup(access.metadata.name, group) };
    const spec = securedAccessSpec(access, issuer, group);
    const shape = (existing: SecuredAccess | undefined): SecuredAccess | undefined => {
      if (existing !== undefined && !isControlled(existing)) return undefined;
      const owners = existing?.metadata.ownerReferences ?? [];
      const owned = existing !== undefined && isOwnedBy(existing, access);
      return {
        ...(existing ?? { apiVersion: 'skupper.io/v2alpha1', kind: 'SecuredAccess' }),
        metadata: {
          ...existing?.metadata,
          ...key,
          annotations: {
            ...existing?.metadata.annotations,
            [annotations.controlled]: 'true',
            [annotations.routerAccess]: access.metadata.name,
          },
          ownerReferences: owned ? owners : [...owners, ownerReferenceTo(access, false)],
        },
        spec,
      };
    };
    const known = informers.of(securedAccess).get(key);
    const written = await createOrUpdate(client, securedAccess, key, shape, known);
    return written?.object ?? known;
  }
}
