/**
 * What a fault may leave behind: objects whose owner is gone, objects of a controller that nobody
 * owns, keys of redemptions that are over, and records of certificates twice for one redemption.
 */
import assert from 'node:assert/strict';
import { accessGrant, accessToken, apiDefinitions, issuedLink } from '#apis/index.ts';
import { deployment } from '#controllers/index.ts';
import {
  configMap,
  type KubeObject,
  type ResourceDefinition,
  role,
  roleBinding,
  secret,
  service,
  serviceAccount,
} from '#kube/index.ts';
import { isKubeError, type KubeClient } from '#kubeclient/index.ts';
import { waitUntil } from './process-wait.ts';

const builtin: readonly ResourceDefinition[] = [
  configMap,
  deployment,
  role,
  roleBinding,
  secret,
  service,
  serviceAccount,
];
const controlled = 'internal.skupper.io/controlled';

interface Found {
  readonly kind: string;
  readonly object: KubeObject;
}

/** Waits until the namespaces hold nothing of a controller that belongs to nobody. */
export async function noOrphans(
  client: KubeClient,
  namespaces: readonly string[],
  deadlineMs = 30_000,
): Promise<void> {
  await waitUntil(
    'no orphan objects',
    async () => {
      const all = (await Promise.all(namespaces.map((name) => objectsOf(client, name)))).flat();
      assert.deepEqual(orphansIn(all), []);
      return true;
    },
    { deadlineMs },
  );
}

/** Names of the orphans, with what is wrong. */
function orphansIn(all: readonly Found[]): readonly string[] {
  const alive = new Set(all.map(({ object }) => object.metadata.uid));
  const tokens = new Map(
    all
      .filter(({ kind }) => kind === accessToken.kind)
      .map(({ object }) => [object.metadata.uid, object as { status?: { redeemed?: boolean } }]),
  );
  const faults: string[] = [];
  for (const { kind, object } of all) {
    const { name, namespace = '', ownerReferences = [], annotations = {} } = object.metadata;
    const fault = (text: string): void => void faults.push(`${kind} ${namespace}/${name} ${text}`);
    const looked = ownerReferences.filter((owner) => known.has(owner.kind));
    if (looked.length > 0 && !looked.some(({ uid }) => alive.has(uid))) fault('outlives its owner');
    if (annotations[controlled] !== undefined && ownerReferences.length === 0)
      fault('has no owner');
    if (kind === secret.kind && name.startsWith('redemption-')) {
      const token = tokens.get(name.slice('redemption-'.length));
      if (token === undefined || token.status?.redeemed === true) fault('is kept for nothing');
    }
  }
  return faults;
}

const known: ReadonlySet<string> = new Set([...apiDefinitions, ...builtin].map(({ kind }) => kind));

async function objectsOf(client: KubeClient, namespace: string): Promise<readonly Found[]> {
  const own = apiDefinitions.filter(({ scope }) => scope === 'Namespaced');
  const lists = [...own, ...builtin].map(async (of) => {
    try {
      const { items } = await client.list(of, { namespace });
      return items.map((object) => ({ kind: of.kind, object }));
    } catch (thrown) {
      // One machine serves no Deployments.
      if (isKubeError(thrown, 'KUBE_NOT_FOUND')) return [];
      throw thrown;
    }
  });
  return (await Promise.all(lists)).flat();
}

/** A grant was redeemed exactly so often, and each redemption is on record once. */
export async function redeemed(
  client: KubeClient,
  key: { readonly namespace: string; readonly name: string },
  count: number,
): Promise<void> {
  const { status } = await client.get(accessGrant, key);
  assert.equal(status?.redemptions ?? 0, count, JSON.stringify(status));
  const { items } = await client.list(issuedLink, { namespace: key.namespace });
  const records = items.filter(({ spec }) => spec?.grantName === key.name);
  assert.equal(records.length, count, records.map(({ metadata }) => metadata.name).join(', '));
}
