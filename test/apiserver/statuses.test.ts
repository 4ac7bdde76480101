/** Every refusal, byte for byte as recorded from a real API server (see docs of the API). */
import assert from 'node:assert/strict';
import { before, after, describe, test } from 'node:test';
import { type ApiCall, startTestApiServer, type TestApiServer } from '../support/api-server.ts';

const listener = (name: string, spec: unknown = { routingKey: 'k', host: 'h', port: 80 }) => ({
  apiVersion: 'skupper.io/v2alpha1',
  kind: 'Listener',
  metadata: { name },
  spec,
});
const configMap = (name: string, data: unknown = { a: '1' }) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

const core = '/api/v1/namespaces/default';
const skupper = '/apis/skupper.io/v2alpha1/namespaces/default';
const mergePatch = { 'content-type': 'application/merge-patch+json' };

const status = (fields: object): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  ...fields,
});

interface Row {
  readonly title: string;
  readonly path: string;
  readonly call?: ApiCall;
  readonly code: number;
  /** The whole body: an object is compared as its JSON text. */
  readonly body: object | string;
}

const rows: readonly Row[] = [
  {
    title: 'a missing object of a built-in kind',
    path: `${core}/configmaps/nope`,
    code: 404,
    body: status({
      message: 'configmaps "nope" not found',
      reason: 'NotFound',
      details: { name: 'nope', kind: 'configmaps' },
      code: 404,
    }),
  },
  {
    title: 'a missing object of a custom kind',
    path: `${skupper}/listeners/nope`,
    code: 404,
    body: status({
      message: 'listeners.skupper.io "nope" not found',
      reason: 'NotFound',
      details: { name: 'nope', group: 'skupper.io', kind: 'listeners' },
      code: 404,
    }),
  },
  {
    title: 'an unknown resource of a known group version',
    path: `${core}/replicationcontrollers`,
    code: 404,
    body: status({
      message: 'the server could not find the requested resource',
      reason: 'NotFound',
      details: {},
      code: 404,
    }),
  },
  {
    title: 'an unknown subresource',
    path: `${core}/configmaps/there/scale`,
    code: 404,
    body: status({
      message: 'the server could not find the requested resource',
      reason: 'NotFound',
      details: {},
      code: 404,
    }),
  },
  {
    title: 'an unknown group',
    path: '/apis/none.io/v1/things',
    code: 404,
    body: '404 page not found\n',
  },
  { title: 'an unknown path', path: '/nowhere', code: 404, body: '404 page not found\n' },
  {
    title: 'OpenAPI v2 asked for as JSON',
    path: '/openapi/v2',
    code: 404,
    body: '404 page not found\n',
  },
  {
    title: 'a method that the place does not offer',
    path: `${core}/configmaps`,
    call: { method: 'PUT', body: {} },
    code: 405,
    body: status({
      message: 'the server does not allow this method on the requested resource',
      reason: 'MethodNotAllowed',
      details: {},
      code: 405,
    }),
  },
  {
    title: 'a create without a namespace',
    path: '/api/v1/configmaps',
    call: { body: configMap('x') },
    code: 405,
    body: status({
      message: 'the server does not allow this method on the requested resource',
      reason: 'MethodNotAllowed',
      details: {},
      code: 405,
    }),
  },
  {
    title: 'a wrong credential',
    path: `${core}/configmaps`,
    call: { anonymous: true, headers: { authorization: 'Bearer nonsense' } },
    code: 401,
    body: status({ message: 'Unauthorized', reason: 'Unauthorized', code: 401 }),
  },
  {
    title: 'no credential',
    path: `${core}/configmaps/c1`,
    call: { anonymous: true },
    code: 403,
    body: status({
      message:
        'configmaps "c1" is forbidden: User "system:anonymous" cannot get resource "configmaps" in API group "" in the namespace "default"',
      reason: 'Forbidden',
      details: { name: 'c1', kind: 'configmaps' },
      code: 403,
    }),
  },
  {
    title: 'no credential, for all namespaces',
    path: '/apis/skupper.io/v2alpha1/listeners',
    call: { anonymous: true },
    code: 403,
    body: status({
      message:
        'listeners.skupper.io is forbidden: User "system:anonymous" cannot list resource "listeners" in API group "skupper.io" at the cluster scope',
      reason: 'Forbidden',
      details: { group: 'skupper.io', kind: 'listeners' },
      code: 403,
    }),
  },
  {
    title: 'a name that is taken',
    path: `${skupper}/listeners`,
    call: { body: listener('there') },
    code: 409,
    body: status({
      message: 'listeners.skupper.io "there" already exists',
      reason: 'AlreadyExists',
      details: { name: 'there', group: 'skupper.io', kind: 'listeners' },
      code: 409,
    }),
  },
  {
    title: 'an update of an old version',
    path: `${skupper}/listeners/there`,
    call: {
      method: 'PUT',
      body: {
        ...listener('there', { routingKey: 'k', host: 'h', port: 81 }),
        metadata: { name: 'there', resourceVersion: '1' },
      },
    },
    code: 409,
    body: status({
      message:
        'Operation cannot be fulfilled on listeners.skupper.io "there": the object has been modified; please apply your changes to the latest version and try again',
      reason: 'Conflict',
      details: { name: 'there', group: 'skupper.io', kind: 'listeners' },
      code: 409,
    }),
  },
  {
    title: 'a patch that names an old version',
    path: `${skupper}/listeners/there`,
    call: {
      method: 'PATCH',
      headers: mergePatch,
      body: { metadata: { resourceVersion: '1' }, spec: { port: 81 } },
    },
    code: 409,
    body: status({
      message:
        'Operation cannot be fulfilled on listeners.skupper.io "there": the object has been modified; please apply your changes to the latest version and try again',
      reason: 'Conflict',
      details: { name: 'there', group: 'skupper.io', kind: 'listeners' },
      code: 409,
    }),
  },
  {
    title: 'an update of a custom object without a version',
    path: `${skupper}/listeners/there`,
    call: { method: 'PUT', body: listener('there') },
    code: 422,
    body: status({
      message:
        'listeners.skupper.io "there" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
      reason: 'Invalid',
      details: {
        name: 'there',
        group: 'skupper.io',
        kind: 'listeners',
        causes: [
          {
            reason: 'FieldValueInvalid',
            message: 'Invalid value: 0: must be specified for an update',
            field: 'metadata.resourceVersion',
          },
        ],
      },
      code: 422,
    }),
  },
  {
    title: 'faults of the schema',
    path: `${skupper}/listeners`,
    call: { body: listener('bad', { host: 7, port: 80 }) },
    code: 422,
    body: status({
      message:
        'Listener.skupper.io "bad" is invalid: [spec.host: Invalid value: "integer": spec.host in body must be of type string: "integer", spec.routingKey: Required value]',
      reason: 'Invalid',
      details: {
        name: 'bad',
        group: 'skupper.io',
        kind: 'Listener',
        causes: [
          {
            reason: 'FieldValueTypeInvalid',
            message:
              'Invalid value: "integer": spec.host in body must be of type string: "integer"',
            field: 'spec.host',
          },
          { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.routingKey' },
        ],
      },
      code: 422,
    }),
  },
  {
    title: 'unknown fields under strict validation',
    path: `${skupper}/listeners?fieldValidation=Strict`,
    call: {
      body: {
        ...listener('bad', { routingKey: 'k', host: 'h', port: 80, zzz: 1 }),
        metadata: { name: 'bad', foo: 'x' },
      },
    },
    code: 400,
    body: status({
      message:
        'Listener in version "v2alpha1" cannot be handled as a Listener: strict decoding error: unknown field "metadata.foo", unknown field "spec.zzz"',
      reason: 'BadRequest',
      code: 400,
    }),
  },
  {
    title: 'a key that occurs twice under strict validation',
    path: `${core}/configmaps?fieldValidation=Strict`,
    call: { body: '{"metadata":{"name":"dup"},"data":{"a":"1","a":"2"}}' },
    code: 400,
    body: status({
      message:
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a"',
      reason: 'BadRequest',
      code: 400,
    }),
  },
  {
    title: 'another namespace in the body',
    path: `${core}/configmaps`,
    call: { body: { ...configMap('x'), metadata: { name: 'x', namespace: 'other' } } },
    code: 400,
    body: status({
      message:
        'the namespace of the provided object does not match the namespace sent on the request',
      reason: 'BadRequest',
      code: 400,
    }),
  },
  {
    title: 'another name in the body',
    path: `${core}/configmaps/there`,
    call: { method: 'PUT', body: configMap('elsewhere') },
    code: 400,
    body: status({
      message: 'the name of the object (elsewhere) does not match the name on the URL (there)',
      reason: 'BadRequest',
      code: 400,
    }),
  },
  {
    title: 'another apiVersion in the body',
    path: `${skupper}/listeners`,
    call: { body: { ...listener('x'), apiVersion: 'skupper.io/v1' } },
    code: 400,
    body: status({
      message:
        'the API version in the data (skupper.io/v1) does not match the expected API version (skupper.io/v2alpha1)',
      reason: 'BadRequest',
      code: 400,
    }),
  },
  {
    title: 'a strategic patch of a custom object',
    path: `${skupper}/listeners/there`,
    call: {
      method: 'PATCH',
      body: '{}',
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    },
    code: 415,
    body: status({
      message:
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
      reason: 'UnsupportedMediaType',
      code: 415,
    }),
  },
  {
    title: 'an apply without a manager',
    path: `${core}/configmaps/there`,
    call: {
      method: 'PATCH',
      body: '{}',
      headers: { 'content-type': 'application/apply-patch+yaml' },
    },
    code: 422,
    body: status({
      message:
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      reason: 'Invalid',
      details: {
        group: 'meta.k8s.io',
        kind: 'PatchOptions',
        causes: [
          {
            reason: 'FieldValueRequired',
            message: 'Required value: is required for apply patch',
            field: 'fieldManager',
          },
        ],
      },
      code: 422,
    }),
  },
  {
    title: 'a JSON patch whose test fails',
    path: `${skupper}/listeners/there`,
    call: {
      method: 'PATCH',
      body: [{ op: 'test', path: '/spec/port', value: 1 }],
      headers: { 'content-type': 'application/json-patch+json' },
    },
    code: 422,
    body: status({
      message: 'the server rejected our request due to an error in our request',
      reason: 'Invalid',
      details: {},
      code: 422,
    }),
  },
  {
    title: 'a namespace that does not exist',
    path: '/api/v1/namespaces/nowhere/configmaps',
    call: { body: configMap('x') },
    code: 404,
    body: status({
      message: 'namespaces "nowhere" not found',
      reason: 'NotFound',
      details: { name: 'nowhere', kind: 'namespaces' },
      code: 404,
    }),
  },
  {
    title: 'deleting a permanent namespace',
    path: '/api/v1/namespaces/default',
    call: { method: 'DELETE' },
    code: 403,
    body: status({
      message: 'namespaces "default" is forbidden: this namespace may not be deleted',
      reason: 'Forbidden',
      details: { name: 'default', kind: 'namespaces' },
      code: 403,
    }),
  },
  {
    title: 'an unknown field selector of a custom kind',
    path: `${skupper}/listeners?fieldSelector=spec.port%3D1`,
    code: 400,
    body: status({
      message: 'field label not supported: spec.port',
      reason: 'BadRequest',
      code: 400,
    }),
  },
  {
    title: 'a list at a revision that is still to come',
    path: `${core}/configmaps?resourceVersion=999999&resourceVersionMatch=NotOlderThan`,
    code: 504,
    body: /"message":"Timeout: Too large resource version: 999999, current: \d+"/u,
  },
  {
    title: 'a dry run of another kind than All',
    path: `${core}/configmaps?dryRun=Some`,
    call: { body: configMap('x') },
    code: 422,
    body: /CreateOptions\.meta\.k8s\.io \\"\\" is invalid: dryRun: Unsupported value: \[\\"Some\\"\]: supported values: \\"All\\"/u,
  },
  {
    title: 'a version on create',
    path: `${core}/configmaps`,
    call: { body: { ...configMap('x'), metadata: { name: 'x', resourceVersion: '5' } } },
    code: 400,
    body: status({
      message: 'resourceVersion should not be set on objects to be created',
      reason: 'BadRequest',
      code: 400,
    }),
  },
  {
    title: 'a delete with the uid of another object',
    path: `${core}/configmaps/there`,
    call: { method: 'DELETE', body: { preconditions: { uid: 'x' } } },
    code: 409,
    body: /the UID in the precondition \(x\) does not match the UID in record \(/u,
  },
  {
    title: 'a delete at an old version',
    path: `${core}/configmaps/there`,
    call: { method: 'DELETE', body: { preconditions: { resourceVersion: '1' } } },
    code: 409,
    body: /Operation cannot be fulfilled on ConfigMap \\"there\\": the ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record \(\d+\)\. The object might have been modified/u,
  },
];

describe('refusals', () => {
  let api: TestApiServer;
  before(async () => {
    api = await startTestApiServer();
    await api.call(`${core}/configmaps`, { body: configMap('there') });
    await api.call(`${skupper}/listeners`, { body: listener('there') });
  });
  after(() => api.stop());

  for (const { title, path, call, code, body } of rows) {
    test(title, async () => {
      const answer = await api.call(path, call);
      if (body instanceof RegExp) assert.match(answer.text, body);
      else assert.equal(answer.text, typeof body === 'string' ? body : JSON.stringify(body));
      assert.equal(answer.status, code);
      const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
      assert.equal(answer.headers['content-type'], type);
      assert.match(String(answer.headers['audit-id']), /^[0-9a-f-]{36}$/);
    });
  }
});
