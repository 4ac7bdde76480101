/**
 * The IssuedLink controller: tells which certificates are in use, and whether the router confirmed
 * that it refuses the revoked ones. What is deleted goes to the list of revoked certificates first.
 * The router itself is told by the router-config controller. One key per namespace.
 */
import type { Running } from '#base/lifecycle.ts';
import { annotationOf, isTerminating, keyOf, type KubeObject } from '#kube/index.ts';
import { createOrUpdate, feed, isKubeError, updateStatus } from '#kubeclient/index.ts';
import type { Reconciler, ReconcileResult } from '#reconcile/index.ts';
import { type ControllerContext, evaluationOf, namespaceKey } from '../context.ts';
import { namespaceId, startController } from '../controller.ts';
import {
  type ConfigMap,
  configMap,
  type IssuedLink,
  issuedLink,
  issuedLinkFinalizer,
  secret,
  site,
} from '../kinds.ts';
import { annotations, siteObjects } from '../names.ts';
import { namesBySerial } from './names-by-serial.ts';
import { extendedList, isRevoked, listOwners, ownersOf, serialOf } from './revoked-list.ts';
import {
  confirmedMessage,
  decideIssuedLinkStatus,
  isAwaited,
  isUnsupported,
  unsupportedMessage,
} from './status.ts';

/** Connections are looked at again at least this often; milliseconds. */
const lookAgainMs = 60_000;
/** The network changes in bursts: one look for all of it; milliseconds. */
const settleMs = 100;

export function startIssuedLinkController(context: ControllerContext): Running {
  const { informers, routers } = context;
  const issued = informers.of(issuedLink);
  const used = (object: KubeObject): readonly string[] =>
    issued.list(object.metadata.namespace).length > 0 ? namespaceKey(object) : [];
  return startController<string>(context, new IssuedLinkReconciler(context), {
    name: 'issued-link',
    idOf: namespaceId,
    workersMax: 8,
    informers: [issued, informers.of(configMap), informers.of(secret), informers.of(site)],
    all: () => [...new Set(issued.list().flatMap(namespaceKey))],
    wake: (add, loop) => [
      feed(issued, loop, namespaceKey),
      feed(informers.of(site), loop, used),
      routers.onEvent((namespace, event) => {
        if (issued.list(namespace).length === 0) return;
        if (event === 'network') loop.addAfter(namespace, settleMs);
        else add(namespace);
      }),
    ],
  });
}

interface Peers {
  /** Serial numbers of certificates that incoming connections show. */
  readonly serials: ReadonlySet<string>;
  /** All routers were asked. */
  readonly complete: boolean;
  readonly siteNames: ReadonlyMap<string, string>;
  /** Names of sites by the certificate that one of their routers shows. */
  readonly namesBySerial: ReadonlyMap<string, string>;
}

class IssuedLinkReconciler implements Reconciler<string> {
  readonly #context: ControllerContext;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  async reconcile(namespace: string): Promise<ReconcileResult> {
    const all = this.#context.informers.of(issuedLink).list(namespace);
    if (all.length === 0) return {};
    await this.#revokeSuccessors(all);
    const leaving = all.filter(isTerminating);
    if (leaving.length > 0) await this.#enlist(namespace, leaving);
    for (const each of leaving) await this.#release(namespace, each);
    const peers = await this.#peers(namespace);
    for (const each of all) if (!isTerminating(each)) await this.#tell(namespace, each, peers);
    return { requeueAfterMs: lookAgainMs };
  }

  /** Who was cut cannot stay by a certificate that renewed the one that was revoked. */
  async #revokeSuccessors(all: readonly IssuedLink[]): Promise<void> {
    const revoked = new Set(all.filter(isRevoked).map(({ metadata }) => metadata.name));
    for (const each of all) {
      const isMeant = revoked.has(each.spec?.replaces ?? '') && !isRevoked(each);
      if (!isMeant) continue;
      await createOrUpdate(this.#context.client, issuedLink, keyOf(each), (existing) =>
        existing?.spec === undefined || existing.metadata.uid !== each.metadata.uid
          ? undefined
          : { ...existing, spec: { ...existing.spec, revoked: true } },
      );
    }
  }

  /** Puts what is being deleted on the list. */
  async #enlist(namespace: string, leaving: readonly IssuedLink[]): Promise<void> {
    const { client, clock } = this.#context;
    const held = leaving.filter(isHeld);
    if (held.length === 0) return;
    const key = { namespace, name: siteObjects.revokedList };
    const added = this.#outlivesSite(namespace, held) ? [] : held.flatMap(ownersOf);
    const shape = (existing: ConfigMap | undefined): ConfigMap => ({
      ...(existing ?? { apiVersion: 'v1', kind: 'ConfigMap' }),
      metadata: {
        ...existing?.metadata,
        ...key,
        annotations: { ...existing?.metadata.annotations, [annotations.controlled]: 'true' },
        ownerReferences: listOwners(existing, added),
      },
      data: extendedList(existing?.data ?? {}, held, clock.nowMs()),
    });
    try {
      await createOrUpdate(client, configMap, key, shape);
    } catch (thrown) {
      // The namespace goes: its router and its authorities go with it.
      const gone = isKubeError(thrown, 'KUBE_FORBIDDEN') || isKubeError(thrown, 'KUBE_NOT_FOUND');
      if (!gone) throw thrown;
    }
  }

  /**
   * True when one was signed by an authority that people brought: it stays when the Site goes, and
   * the certificates of the next Site would be good again without the list.
   */
  #outlivesSite(namespace: string, held: readonly IssuedLink[]): boolean {
    return held.some(({ spec }) => {
      const name = spec?.issuer ?? siteObjects.siteCa;
      const authority = this.#context.informers.of(secret).get({ namespace, name });
      return (
        authority !== undefined && annotationOf(authority, annotations.controlled) === undefined
      );
    });
  }

  /** Lets a listed one go, once the router confirmed or when there is none to ask. */
  async #release(namespace: string, own: IssuedLink): Promise<void> {
    const { client, events, routers } = this.#context;
    if (!isHeld(own)) return;
    const revocations = routers.revocationOf(namespace, serialOf(own));
    if (isAwaited(revocations)) return;
    const key = { namespace, name: own.metadata.name };
    await createOrUpdate(client, issuedLink, key, (existing) => {
      if (existing === undefined || existing.metadata.uid !== own.metadata.uid) return undefined;
      const finalizers = existing.metadata.finalizers ?? [];
      return {
        ...existing,
        metadata: {
          ...existing.metadata,
          finalizers: finalizers.filter((each) => each !== issuedLinkFinalizer),
        },
      };
    });
    if (isUnsupported(revocations)) {
      events.record(own, { type: 'Warning', reason: 'NotRevoked', message: unsupportedMessage });
      return;
    }
    const message = confirmedMessage(revocations);
    if (message !== undefined) events.record(own, { type: 'Normal', reason: 'Revoked', message });
  }

  async #peers(namespace: string): Promise<Peers> {
    const { routers } = this.#context;
    const { rows, complete } = await routers.connectionsOf(namespace);
    const network = routers.networkOf(namespace) ?? [];
    return {
      serials: new Set(rows.flatMap(({ peerSerialNumber: serial }) => textOf(serial))),
      complete,
      siteNames: new Map(network.map(({ id, name }) => [id, name])),
      namesBySerial: namesBySerial(rows, network),
    };
  }

  async #tell(namespace: string, own: IssuedLink, peers: Peers): Promise<void> {
    const { client, events, routers } = this.#context;
    const serial = serialOf(own);
    const isIn = peers.serials.has(serial);
    const facts = {
      connected: isIn || peers.complete ? isIn : undefined,
      siteName: peers.siteNames.get(own.spec?.siteId ?? '') ?? peers.namesBySerial.get(serial),
      revocations: routers.revocationOf(namespace, serial),
    };
    const written = await updateStatus(client, issuedLink, own, (copy) => ({
      ...copy,
      status: decideIssuedLinkStatus(copy, facts, evaluationOf(this.#context, copy)),
    }));
    if (written?.outcome !== 'updated') return;
    const { status: was } = own.status ?? {};
    const { status: is, message = '', revokedTime } = written.object.status ?? {};
    if (revokedTime !== undefined && own.status?.revokedTime === undefined) {
      events.record(written.object, { type: 'Normal', reason: 'Revoked', message });
    }
    if (is === 'Error' && was !== 'Error') {
      events.record(written.object, { type: 'Warning', reason: 'NotRevoked', message });
    }
  }
}

function isHeld({ metadata }: IssuedLink): boolean {
  return metadata.finalizers?.includes(issuedLinkFinalizer) === true;
}

function textOf(value: unknown): string[] {
  return typeof value === 'string' ? [value.toLowerCase()] : [];
}
