import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesOf, lackingText, openedRights, openedRightsMax } from '#rbac/index.ts';

test('the rights of a token are each of its rules in single cases, without what it denies', () => {
  const rights = openedRights({
    rules: [
      { verbs: ['get'], resources: ['pods'], namespaces: ['a', 'b'], apiGroups: [''] },
      { verbs: ['get'], resources: ['pods'], namespaces: ['a'], apiGroups: [''] },
      { verbs: ['*'], resources: ['secrets'], effect: 'deny' },
    ],
    connect: ['log'],
  });
  const pod = {
    type: 'resource',
    verb: 'get',
    group: '',
    version: '*',
    resource: 'pods',
    name: '',
  };
  assert.deepEqual(rights?.map(attributesOf), [
    { ...pod, subresource: '', namespace: 'a' },
    { ...pod, subresource: 'log', namespace: 'a' },
    { ...pod, subresource: '', namespace: 'b' },
    { ...pod, subresource: 'log', namespace: 'b' },
  ]);
});

test('patterns and other clusters ask for everything', () => {
  const all = openedRights({ urls: ['/api/v1/pods'] });
  assert.deepEqual(openedRights({ cluster: 'east' }), all);
  const place = {
    group: '*',
    version: '*',
    resource: '*',
    subresource: '',
    namespace: '',
    name: '',
  };
  assert.deepEqual(all?.map(attributesOf), [
    { type: 'resource', verb: '*', ...place },
    { type: 'path', verb: '*', path: '*' },
  ]);
  assert.deepEqual(openedRights({ cluster: 'local' }), []);
});

test('more single rights than can be asked about are no token', () => {
  const resources = Array.from({ length: openedRightsMax }, (_, at) => `r${at}`);
  assert.equal(openedRights({ rules: [{ verbs: ['get'], resources }] })?.length, openedRightsMax);
  assert.equal(openedRights({ rules: [{ verbs: ['get', 'list'], resources }] }), undefined);
  const half = { verbs: ['get'], resources: resources.slice(0, 65) };
  const twice = [half, { ...half, verbs: ['list'] }];
  assert.equal(openedRights({ rules: twice }), undefined);
});

test('what is lacking is told together, by place, with a way out', () => {
  const rights = openedRights({
    rules: [
      { verbs: ['get', 'list'], resources: ['pods'], apiGroups: [''], namespaces: ['a'] },
      { verbs: ['get'], resources: ['nodes'], apiGroups: [''] },
    ],
  });
  const text = lackingText({ name: 'eve', groups: ['dev'] }, rights ?? []);
  assert.deepEqual(text.split('\n').slice(0, 3), [
    'user "eve" (groups=["dev"]) is attempting to open what is not allowed to him:',
    '{APIGroups:[""], Resources:["nodes"], Verbs:["get"]} in all namespaces',
    '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]} in the namespace "a"',
  ]);
  assert.match(text, /\nopen less, /);
});

test('a rule that opens some of the streams asks for the rights of those', () => {
  const rule = { verbs: ['get'], apiGroups: [''], resources: ['pods'], connect: ['log'] };
  const connect = ['exec', 'log'];
  const resources = (openedRights({ rules: [rule], connect }) ?? []).map(
    (each) => each.rule.resources?.[0],
  );
  assert.deepEqual(resources, ['pods', 'pods/log']);
});
