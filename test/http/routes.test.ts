import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Routes } from '#http/index.ts';

const routes = new Routes<string>()
  .add('GET', '/', 'root')
  .add('GET', '/a/{id}', 'one')
  .add('POST', '/a/{id}', 'make')
  .add('GET', '/a/fixed', 'fixed')
  .add('GET', '/a/{id}/b/{name}', 'deep')
  .add('*', '/files/{rest...}', 'files');

const show = (method: string, path: string): unknown => {
  const found = routes.match(method, path);
  return typeof found === 'object' ? [found.value, found.parameters] : found;
};

test('paths are matched by segment, literals first', () => {
  assert.deepEqual(show('GET', '/'), ['root', {}]);
  assert.deepEqual(show('GET', '/a/7'), ['one', { id: '7' }]);
  assert.deepEqual(show('POST', '/a/7'), ['make', { id: '7' }]);
  assert.deepEqual(show('GET', '/a/fixed'), ['fixed', {}]);
  assert.deepEqual(show('GET', '/a/x/b/y'), ['deep', { id: 'x', name: 'y' }]);
  assert.deepEqual(show('GET', '/a/fixed/b/y'), ['deep', { id: 'fixed', name: 'y' }]);
  assert.deepEqual(show('PUT', '/files/x/y'), ['files', { rest: 'x/y' }]);
});

test('escapes are decoded after splitting, malformed ones match nothing', () => {
  assert.deepEqual(show('GET', '/a/x%2Fy'), ['one', { id: 'x/y' }]);
  assert.equal(show('GET', '/a/%zz'), undefined);
  assert.equal(show('GET', '/a/'), undefined);
});

test('a known path with another method is told from an unknown path', () => {
  assert.equal(show('DELETE', '/a/7'), 'method');
  assert.equal(show('GET', '/nowhere'), undefined);
  assert.equal(show('GET', '/a'), undefined);
});
