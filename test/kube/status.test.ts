import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alreadyExists,
  badRequest,
  conflict,
  deleteSuccess,
  expired,
  fieldErrorsText,
  forbiddenResource,
  invalidObject,
  methodNotAllowed,
  notFoundObject,
  notFoundPath,
  preconditionFailed,
  required,
  resourceVersionRequired,
  resourceVersionTooLarge,
  type StatusError,
  tooManyRequests,
  tooOldResourceVersion,
  typeInvalid,
  unauthorized,
  unsupportedMediaType,
} from '#kube/index.ts';

const listeners = { plural: 'listeners', group: 'skupper.io', kind: 'Listener' };
const configMaps = { plural: 'configmaps', group: '', kind: 'ConfigMap' };

const head = '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",';

const answers: readonly [string, StatusError, string][] = [
  [
    'a missing core object',
    notFoundObject(configMaps, 'nope'),
    String.raw`"message":"configmaps \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"configmaps"},"code":404}`,
  ],
  [
    'a missing custom object',
    notFoundObject(listeners, 'nope'),
    String.raw`"message":"listeners.skupper.io \"nope\" not found","reason":"NotFound","details":{"name":"nope","group":"skupper.io","kind":"listeners"},"code":404}`,
  ],
  [
    'a missing path',
    notFoundPath(),
    '"message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}',
  ],
  [
    'a verb that is not there',
    methodNotAllowed(),
    '"message":"the server does not allow this method on the requested resource","reason":"MethodNotAllowed","details":{},"code":405}',
  ],
  [
    'a bad credential',
    unauthorized(),
    '"message":"Unauthorized","reason":"Unauthorized","code":401}',
  ],
  [
    'a forbidden object',
    forbiddenResource(
      configMaps,
      'c1',
      'User "bob" cannot get resource "configmaps" in API group "" in the namespace "default"',
    ),
    String.raw`"message":"configmaps \"c1\" is forbidden: User \"bob\" cannot get resource \"configmaps\" in API group \"\" in the namespace \"default\"","reason":"Forbidden","details":{"name":"c1","kind":"configmaps"},"code":403}`,
  ],
  [
    'a forbidden list',
    forbiddenResource(
      listeners,
      '',
      'User "bob" cannot list resource "listeners" in API group "skupper.io" at the cluster scope',
    ),
    String.raw`"message":"listeners.skupper.io is forbidden: User \"bob\" cannot list resource \"listeners\" in API group \"skupper.io\" at the cluster scope","reason":"Forbidden","details":{"group":"skupper.io","kind":"listeners"},"code":403}`,
  ],
  [
    'a terminating namespace',
    forbiddenResource(
      configMaps,
      'late',
      'unable to create new content in namespace e1 because it is being terminated',
      [
        {
          reason: 'NamespaceTerminating',
          message: 'namespace e1 is being terminated',
          field: 'metadata.namespace',
        },
      ],
    ),
    String.raw`"message":"configmaps \"late\" is forbidden: unable to create new content in namespace e1 because it is being terminated","reason":"Forbidden","details":{"name":"late","kind":"configmaps","causes":[{"reason":"NamespaceTerminating","message":"namespace e1 is being terminated","field":"metadata.namespace"}]},"code":403}`,
  ],
  [
    'a name that is taken',
    alreadyExists(listeners, 'web'),
    String.raw`"message":"listeners.skupper.io \"web\" already exists","reason":"AlreadyExists","details":{"name":"web","group":"skupper.io","kind":"listeners"},"code":409}`,
  ],
  [
    'a lost race',
    conflict(listeners, 'web'),
    String.raw`"message":"Operation cannot be fulfilled on listeners.skupper.io \"web\": the object has been modified; please apply your changes to the latest version and try again","reason":"Conflict","details":{"name":"web","group":"skupper.io","kind":"listeners"},"code":409}`,
  ],
  [
    'a delete precondition',
    preconditionFailed(configMaps, 'c1', 'ResourceVersion', '1', '422'),
    String.raw`"message":"Operation cannot be fulfilled on ConfigMap \"c1\": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (422). The object might have been modified","reason":"Conflict","details":{"name":"c1","kind":"ConfigMap"},"code":409}`,
  ],
  [
    'two field errors',
    invalidObject(listeners, 'bad', [
      typeInvalid('spec.host', 'integer', 'spec.host in body must be of type string: "integer"'),
      required('spec.routingKey'),
    ]),
    String.raw`"message":"Listener.skupper.io \"bad\" is invalid: [spec.host: Invalid value: \"integer\": spec.host in body must be of type string: \"integer\", spec.routingKey: Required value]","reason":"Invalid","details":{"name":"bad","group":"skupper.io","kind":"Listener","causes":[{"reason":"FieldValueTypeInvalid","message":"Invalid value: \"integer\": spec.host in body must be of type string: \"integer\"","field":"spec.host"},{"reason":"FieldValueRequired","message":"Required value","field":"spec.routingKey"}]},"code":422}`,
  ],
  [
    'an update without resourceVersion',
    resourceVersionRequired(listeners, 'web'),
    String.raw`"message":"listeners.skupper.io \"web\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update","reason":"Invalid","details":{"name":"web","group":"skupper.io","kind":"listeners","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: 0: must be specified for an update","field":"metadata.resourceVersion"}]},"code":422}`,
  ],
  [
    'a bad request',
    badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    ),
    '"message":"the namespace of the provided object does not match the namespace sent on the request","reason":"BadRequest","code":400}',
  ],
  [
    'a body of an unknown type',
    unsupportedMediaType([
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/apply-patch+yaml',
    ]),
    '"message":"the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml","reason":"UnsupportedMediaType","code":415}',
  ],
  [
    'a list that is too old',
    expired(),
    '"message":"The resourceVersion for the provided list is too old.","reason":"Expired","code":410}',
  ],
  [
    'a watch that is too old',
    tooOldResourceVersion(5, 515),
    '"message":"too old resource version: 5 (515)","reason":"Expired","code":410}',
  ],
];

for (const [title, error, tail] of answers) {
  test(`the Status of ${title} is that of Kubernetes, byte for byte`, () => {
    assert.equal(JSON.stringify(error.status), head + tail);
    assert.equal(error.httpStatus, error.status.code);
  });
}

test('the Status of a finished delete is that of Kubernetes, byte for byte', () => {
  assert.equal(
    JSON.stringify(deleteSuccess(configMaps, 'del1', 'a2039cc3-5b5d-4293-847f-e779246f9ccb')),
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{"name":"del1","kind":"configmaps","uid":"a2039cc3-5b5d-4293-847f-e779246f9ccb"}}',
  );
});

test('a resource version of the future says when to ask again', () => {
  const error = resourceVersionTooLarge(9, 5);
  assert.equal(error.httpStatus, 504);
  assert.deepEqual(error.retry, { afterMs: 1000 });
  assert.equal(error.status.details?.causes?.[0]?.reason, 'ResourceVersionTooLarge');
});

test('faults say whether trying again helps', () => {
  assert.equal(conflict(listeners, 'a').retry, 'backoff');
  assert.equal(notFoundPath().retry, 'never');
  assert.deepEqual(tooManyRequests(2).retry, { afterMs: 2000 });
});

test('one field error prints bare, equal ones once, several in brackets', () => {
  const a = required('a');
  const b = required('b');
  assert.equal(fieldErrorsText([a]), 'a: Required value');
  assert.equal(fieldErrorsText([a, a]), 'a: Required value');
  assert.equal(fieldErrorsText([a, b]), '[a: Required value, b: Required value]');
});
