import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { requestInfo } from '#rbac/index.ts';
import { builtRequests, peculiarRequests, readingOf } from '../support/request-rows.ts';

test('requests are read as the API server of Kubernetes reads them', () => {
  for (const [method, target, expected] of peculiarRequests) {
    assert.equal(readingOf(method, target), expected, `${method} ${target}`);
  }
});

test('gateway acceptance 15: thousands of requests, built from their parts, are read as these parts', () => {
  let count = 0;
  for (const [method, target, expected] of builtRequests()) {
    count++;
    assert.equal(readingOf(method, target), expected, `${method} ${target}`);
  }
  assert.ok(count >= 2000, String(count));
});

test('selectors belong to lists, watches and deletes of collections, not to verbs in the path', () => {
  const selectors = (method: string, target: string): readonly string[] => {
    const info = requestInfo(method, `${target}?labelSelector=a%3Db&fieldSelector=c%3Dd`);
    assert.equal(info?.type, 'resource');
    const { labelSelector, fieldSelector } = info;
    return [labelSelector, fieldSelector];
  };
  assert.deepEqual(selectors('GET', '/api/v1/pods'), ['a=b', 'c=d']);
  assert.deepEqual(selectors('DELETE', '/api/v1/namespaces/n/pods'), ['a=b', 'c=d']);
  assert.deepEqual(selectors('GET', '/api/v1/watch/pods'), ['', '']);
  assert.deepEqual(selectors('GET', '/api/v1/namespaces/n/pods/p'), ['', '']);
});

test('an escaped target means what the plain one means', () => {
  const segment = fc.constantFrom(
    'api',
    'v1',
    'namespaces',
    'n',
    'pods',
    'watch',
    'proxy',
    'status',
  );
  fc.assert(
    fc.property(
      fc.constantFrom('GET', 'POST', 'DELETE', 'PUT'),
      fc.array(segment, { minLength: 1, maxLength: 7 }),
      fc.nat(6),
      (method, segments, at) => {
        const plain = `/${segments.join('/')}`;
        const escaped = segments.map((text, index) =>
          index === at
            ? text
                .split('')
                .map((c) => `%${c.charCodeAt(0).toString(16)}`)
                .join('')
            : text,
        );
        assert.equal(readingOf(method, `/${escaped.join('/')}`), readingOf(method, plain));
      },
    ),
  );
});

test('no target throws', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: 'binary' }), (method, tail) => {
      requestInfo(method, tail);
      requestInfo(method, `/api/v1/${tail}`);
      requestInfo(method, `/api/v1/pods?${tail}`);
    }),
  );
});
