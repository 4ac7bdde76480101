/** Other people's client: typed calls, the generic object API and its informer. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  Watch,
} from '@kubernetes/client-node';
import { until } from '../support/until.ts';
import { type Target, targetFor, targetSkip } from './target.ts';

interface World {
  readonly target: Target;
  readonly config: KubeConfig;
  readonly core: CoreV1Api;
  readonly namespace: string;
}

/** One server for the whole file; each test has a namespace of its own. */
async function worldOf(t: TestContext, target: Target): Promise<World> {
  const config = new KubeConfig();
  config.loadFromFile(target.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const made = await core.createNamespace({ body: { metadata: { generateName: 'client-node-' } } });
  const namespace = made.metadata?.name ?? '';
  t.after(() => core.deleteNamespace({ name: namespace }));
  return { target, config, core, namespace };
}

const codeIs = (code: number) => (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === code;

type Case = (t: TestContext, world: World) => Promise<void>;

const cases: Readonly<Record<string, Case>> = {
  'typed calls read, change and delete without needless revisions': async (_t, world) => {
    const { core, namespace } = world;
    const created = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'a' }, data: { k: 'v' } },
    });
    assert.ok(created.metadata?.creationTimestamp instanceof Date);
    // The client writes times back with milliseconds.
    const same = await core.replaceNamespacedConfigMap({ namespace, name: 'a', body: created });
    assert.equal(same.metadata?.resourceVersion, created.metadata.resourceVersion);
    const patched = await core.patchNamespacedConfigMap({
      namespace,
      name: 'a',
      body: [{ op: 'replace', path: '/data/k', value: 'w' }],
    });
    assert.deepEqual(patched.data, { k: 'w' });
    const stale = { metadata: created.metadata, data: { k: 'x' } };
    await assert.rejects(
      core.replaceNamespacedConfigMap({ namespace, name: 'a', body: stale }),
      codeIs(409),
    );
    await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
    await assert.rejects(core.readNamespacedConfigMap({ namespace, name: 'a' }), codeIs(404));
  },

  'all four kinds of patch': async (_t, { core, namespace }) => {
    const name = 'p';
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } });
    const patch = (body: object, strategy: string): Promise<V1ConfigMap> =>
      core.patchNamespacedConfigMap(
        { namespace, name, body },
        setHeaderOptions('Content-Type', strategy),
      );
    await patch([{ op: 'add', path: '/data', value: { a: '1' } }], PatchStrategy.JsonPatch);
    await patch({ data: { b: '2', c: '3' } }, PatchStrategy.MergePatch);
    const merged = await patch({ data: { c: null } }, PatchStrategy.StrategicMergePatch);
    assert.deepEqual(merged.data, { a: '1', b: '2' });
  },

  'the generic object API works on built-in and custom kinds': async (_t, world) => {
    const { config, namespace } = world;
    const objects = KubernetesObjectApi.makeApiClient(config);
    const site = {
      apiVersion: 'skupper.io/v2alpha1',
      kind: 'Site',
      metadata: { name: 's', namespace },
      spec: { ha: false },
    };
    const created = await objects.create<KubernetesObject>(site);
    assert.ok(created.metadata?.uid);
    const read = await objects.read<KubernetesObject>(site);
    assert.equal(read.metadata?.uid, created.metadata.uid);
    const list = await objects.list('skupper.io/v2alpha1', 'Site', namespace);
    assert.equal(list.items.length, 1);
    await objects.delete(site);
    await assert.rejects(objects.read(site), codeIs(404));
    const custom = config.makeApiClient(CustomObjectsApi);
    await assert.rejects(
      custom.createNamespacedCustomObject({
        group: 'skupper.io',
        version: 'v2alpha1',
        namespace,
        plural: 'listeners',
        body: {
          apiVersion: 'skupper.io/v2alpha1',
          kind: 'Listener',
          metadata: { name: 'l' },
          spec: {},
        },
      }),
      codeIs(422),
    );
  },

  'an informer starts at once, sees every change, and what it missed': async (t, world) => {
    const { config, core, namespace } = world;
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const labelSelector = 'watched=yes';
    const informer = makeInformer(
      config,
      path,
      () => core.listNamespacedConfigMap({ namespace, labelSelector }),
      labelSelector,
    );
    t.after(() => informer.stop());
    const seen: string[] = [];
    for (const verb of ['add', 'update', 'delete'] as const) {
      informer.on(verb, (object) => seen.push(`${verb} ${object.metadata?.name}`));
    }
    await informer.start();
    const create = (name: string, labels = { watched: 'yes' }) =>
      core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels } } });
    await create('a');
    await create('unwatched', { watched: 'no' });
    await core.patchNamespacedConfigMap({
      namespace,
      name: 'a',
      body: [{ op: 'add', path: '/data', value: { k: 'v' } }],
    });
    // Out of the selection is a deletion for who watches it, and back in an addition.
    const relabel = (value: string) =>
      core.patchNamespacedConfigMap({
        namespace,
        name: 'a',
        body: [{ op: 'replace', path: '/metadata/labels/watched', value }],
      });
    await relabel('no');
    await relabel('yes');
    await until(() => seen.length >= 4, 'four events');
    assert.deepEqual(seen, ['add a', 'update a', 'delete a', 'add a']);
    await informer.stop();
    await create('b');
    await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
    await informer.start();
    await until(() => seen.includes('add b') && seen.at(-1) !== 'add a', 'what it missed');
    assert.deepEqual(seen.slice(4).toSorted(), ['add b', 'delete a']);
  },

  'a plain watch resumes where it is told to': async (_t, { config, core, namespace }) => {
    const path = `/api/v1/namespaces/${namespace}/secrets`;
    const first = await core.createNamespacedSecret({
      namespace,
      body: { metadata: { name: 'one' }, stringData: { a: 'b' } },
    });
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: 'two' } } });
    await core.deleteNamespacedSecret({ namespace, name: 'one' });
    const seen: string[] = [];
    const done = Promise.withResolvers<unknown>();
    await new Watch(config).watch(
      path,
      { resourceVersion: first.metadata?.resourceVersion, timeoutSeconds: 1 },
      (phase: string, object: { metadata?: { name?: string } }) => {
        seen.push(`${phase} ${object.metadata?.name}`);
      },
      done.resolve,
    );
    await done.promise;
    assert.deepEqual(seen, ['ADDED two', 'DELETED one']);
  },

  'pages of a list are one moment': async (_t, { core, namespace }) => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } });
    }
    const first = await core.listNamespacedConfigMap({ namespace, limit: 2 });
    await core.deleteNamespacedConfigMap({ namespace, name: 'c' });
    const second = await core.listNamespacedConfigMap({
      namespace,
      limit: 10,
      _continue: first.metadata?._continue ?? '',
    });
    const names = [...first.items, ...second.items].map(({ metadata }) => metadata?.name);
    const own = names.filter((name) => name !== 'kube-root-ca.crt');
    assert.deepEqual(own, ['a', 'b', 'c', 'd']);
    assert.equal(second.metadata?.resourceVersion, first.metadata?.resourceVersion);
  },
};

test('client-node works as with Kubernetes', { skip: targetSkip }, async (t) => {
  const target = await targetFor(t);
  for (const [title, run] of Object.entries(cases)) {
    await t.test(title, async (inner) => run(inner, await worldOf(inner, target)));
  }
});
