/** What every controller of this folder is given, and how they read a namespace. */
import type { Clock } from '#base/clock.ts';
import type { Logger } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import type { Random } from '#base/random.ts';
import { type Evaluation, isTerminating, type KubeObject } from '#kube/index.ts';
import type { EventRecorder, InformerSet, KubeClient } from '#kubeclient/index.ts';
import { type ConfigMap, configMap, type Secret, secret, type Site, site } from './kinds.ts';
import { siteObjects } from './names.ts';
import type { SiteRuntime } from './runtime.ts';
import { activeSite } from './site/decide.ts';
import type { SiteRouters } from './site-router/site-routers.ts';

/** A Certificate that a controller needs. */
export interface CertificateWish {
  readonly namespace: string;
  readonly name: string;
  /** Name of the signing CA's Secret; empty for an authority. */
  readonly ca: string;
  /** Common name. */
  readonly subject: string;
  readonly hosts?: readonly string[];
  readonly server?: boolean;
  readonly client?: boolean;
  readonly signing?: boolean;
  readonly owner: KubeObject;
}

export interface ControllerContext {
  readonly client: KubeClient;
  readonly informers: InformerSet;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly runtime: SiteRuntime;
  readonly routers: SiteRouters;
  /** Makes or changes a Certificate so that it serves this owner too. */
  readonly ensureCertificate: (wish: CertificateWish) => Promise<unknown>;
  /** Who we are, as Sites show it. */
  readonly identity: ControllerIdentity;
}

export interface ControllerIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
}

/** The active Site of a namespace, as far as the caches know. */
export function activeSiteOf(context: ControllerContext, namespace: string): Site | undefined {
  const { informers } = context;
  return activeSite(informers.of(site).list(namespace), routerConfigMapOf(context, namespace));
}

export function routerConfigMapOf(
  context: ControllerContext,
  namespace: string,
  name: string = siteObjects.routerConfigMap,
): ConfigMap | undefined {
  return context.informers.of(configMap).get({ namespace, name });
}

/** Secrets of a namespace by name; those being deleted are gone already. */
export function secretsOf(
  context: ControllerContext,
  namespace: string,
): (name: string) => Secret | undefined {
  const secrets = context.informers.of(secret);
  return (name) => {
    const found = secrets.get({ namespace, name });
    return found === undefined || isTerminating(found) ? undefined : found;
  };
}

/** Called with namespaces whose pods changed. @returns takes the handler away */
export function onPods(
  context: Pick<ControllerContext, 'runtime'>,
  handler: (namespace: string) => void,
): () => void {
  return context.runtime.pods?.onChange(handler) ?? (() => undefined);
}

/** For conditions of `object` that are evaluated now. */
export function evaluationOf(context: ControllerContext, object: KubeObject): Evaluation {
  return { nowMs: context.clock.nowMs(), generation: object.metadata.generation };
}

/** The namespace of an object, as a list of keys for `feed`. */
export function namespaceKey(object: KubeObject): readonly string[] {
  return object.metadata.namespace === undefined ? [] : [object.metadata.namespace];
}
