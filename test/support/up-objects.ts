/** Objects in a running `up`, written and read through its API. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  type Condition,
  type KubeObject,
  namespace as namespaceKind,
  type ResourceDefinition,
} from '#kube/index.ts';
import { connectionFromKubeconfig, KubeClient } from '#kubeclient/index.ts';
import type { Up } from './up-process.ts';
import { waitUntil } from './process-wait.ts';

/** A client that is closed with the test. */
export async function clientOf(t: Pick<TestContext, 'after'>, up: Up): Promise<KubeClient> {
  const client = new KubeClient(await connectionFromKubeconfig({ path: up.ready.kubeconfig }));
  t.after(() => client.close());
  return client;
}

/** Creates a namespace. */
export async function makeNamespace(client: KubeClient, name: string): Promise<void> {
  await client.create(namespaceKind, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  });
}

/** An object as a user may write it: not necessarily right. */
export function manifest(
  of: ResourceDefinition,
  namespace: string,
  name: string,
  spec: Readonly<Record<string, unknown>>,
): KubeObject {
  const apiVersion = `${of.group}/${of.version}`;
  const object = { apiVersion, kind: of.kind, metadata: { name, namespace }, spec };
  return object;
}

interface Seen {
  readonly status?: {
    readonly status?: string;
    readonly message?: string;
    readonly conditions?: readonly Condition[];
  };
}

/** Waits until a condition of an object is False for a reason whose message matches. */
export async function isRefused(
  client: KubeClient,
  of: ResourceDefinition,
  key: { readonly namespace: string; readonly name: string },
  type: string,
  message: RegExp | string,
): Promise<void> {
  await waitUntil(
    `${of.kind} ${key.name} with ${type}=False: ${message}`,
    async () => {
      const { status } = (await client.get(of, key)) as Seen;
      const condition = status?.conditions?.find((each) => each.type === type);
      const found = JSON.stringify(status);
      assert.equal(condition?.status, 'False', found);
      if (typeof message === 'string') assert.equal(condition.message, message, found);
      else assert.match(condition.message, message, found);
      assert.equal(status?.message, condition.message, found);
      return true;
    },
    { deadlineMs: 20_000 },
  );
}
