/**
 * The official Python client, typed and dynamic: a client that shares no code with kubectl or with
 * anything here. Runs when PYTHON_KUBERNETES names a Python that has the package `kubernetes`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProcess } from '../support/process-runner.ts';
import { targetFor, targetSkip } from './target.ts';

const python = process.env['PYTHON_KUBERNETES'];
const skip =
  python === undefined
    ? 'PYTHON_KUBERNETES names no Python with the package kubernetes (.ci/python-client makes one)'
    : targetSkip;

const script = `
import sys, uuid
from kubernetes import client, config, dynamic, watch
config.load_kube_config(sys.argv[1])
core = client.CoreV1Api()
ns = 'python-' + uuid.uuid4().hex[:8]
core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=ns)))
print('namespace', core.read_namespace(ns).status.phase)

core.create_namespaced_config_map(ns, client.V1ConfigMap(metadata=client.V1ObjectMeta(name='a'), data={'k': '1'}))
core.patch_namespaced_config_map('a', ns, {'data': {'l': '2'}})
print('typed', sorted(core.read_namespaced_config_map('a', ns).data.items()))
names = []
token = None
for i in range(5):
    core.create_namespaced_config_map(ns, client.V1ConfigMap(metadata=client.V1ObjectMeta(name='p%d' % i, labels={'p': 'y'})))
while True:
    page = core.list_namespaced_config_map(ns, label_selector='p=y', limit=2, _continue=token)
    names += [item.metadata.name for item in page.items]
    token = page.metadata._continue
    if not token:
        break
print('pages', names)

dyn = dynamic.DynamicClient(client.ApiClient())
listeners = dyn.resources.get(api_version='skupper.io/v2alpha1', kind='Listener')
body = {'apiVersion': 'skupper.io/v2alpha1', 'kind': 'Listener', 'metadata': {'name': 'w', 'namespace': ns},
        'spec': {'routingKey': 'w', 'host': 'w', 'port': 1}}
listeners.server_side_apply(body=body, field_manager='py')
body['spec']['port'] = 2
print('applied', listeners.server_side_apply(body=body, field_manager='py').spec.port)
try:
    listeners.server_side_apply(body={**body, 'spec': {**body['spec'], 'port': 3}}, field_manager='other')
except dynamic.exceptions.ConflictError as e:
    print('conflict', e.summary().split('\\n')[0][:20] != '')
maps = dyn.resources.get(api_version='v1', kind='ConfigMap')
seen = []
start = maps.get(namespace=ns).metadata.resourceVersion
core.create_namespaced_config_map(ns, client.V1ConfigMap(metadata=client.V1ObjectMeta(name='late')))
core.delete_namespaced_config_map('late', ns)
for event in dyn.watch(maps, namespace=ns, resource_version=start, timeout=5):
    seen.append(event['type'] + ':' + event['object'].metadata.name)
    if event['type'] == 'DELETED':
        break
print('watched', seen)
try:
    core.read_namespaced_config_map('none', ns)
except client.ApiException as e:
    print('missing', e.status, e.reason)
review = client.AuthorizationV1Api().create_self_subject_access_review(client.V1SelfSubjectAccessReview(
    spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=client.V1ResourceAttributes(verb='list', resource='secrets'))))
print('allowed', review.status.allowed)
core.create_namespaced_service_account(ns, client.V1ServiceAccount(metadata=client.V1ObjectMeta(name='bot')))
made = core.create_namespaced_service_account_token('bot', ns, client.AuthenticationV1TokenRequest(
    spec=client.V1TokenRequestSpec(audiences=['a'], expiration_seconds=600)))
print('token', made.status.token.count('.'))
core.delete_namespace(ns)
`;

test('the official Python client works, typed and dynamic', { skip }, async (t) => {
  const { kubeconfig } = await targetFor(t);
  const { code, stdout, stderr } = await runProcess(python ?? 'python3', [
    '-c',
    script,
    kubeconfig,
  ]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trim().split('\n'), [
    'namespace Active',
    "typed [('k', '1'), ('l', '2')]",
    "pages ['p0', 'p1', 'p2', 'p3', 'p4']",
    'applied 2',
    'conflict True',
    "watched ['ADDED:late', 'DELETED:late']",
    'missing 404 Not Found',
    'allowed True',
    'token 2',
  ]);
});
