/**
 * Everything that the embedded API decodes, fed with what nobody sends: each input is read or refused
 * with a coded error, soon, and nothing else happens.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeObjectBody, parseJsonBody } from '#apiserver/request/object-body.ts';
import { parseListOptions, parseWriteOptions } from '#apiserver/request/query-options.ts';
import { CodedError } from '#base/errors.ts';
import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicPatch,
  configMap,
  decodeProtobuf,
  deployment,
  event,
  parseFieldSelector,
  parseLabelSelector,
  service,
} from '#kube/index.ts';
import { apiServerFor } from '../support/api-server.ts';
import { entry, envelope, message } from '../support/protobuf-writer.ts';
import { settledHeapBytes } from '../support/settled-heap.ts';

/** Milliseconds of processor time that one input may take. */
const inputMsMax = 1000;

/** Reads an input, or gets a coded refusal, within the time. */
function attempt(read: () => unknown): void {
  const before = process.cpuUsage();
  try {
    read();
  } catch (thrown) {
    assert.ok(thrown instanceof CodedError, String(thrown));
  }
  const { user, system } = process.cpuUsage(before);
  assert.ok((user + system) / 1000 < inputMsMax, 'an input took too long');
}

const metadata = message([1, 'x'], [8, Buffer.alloc(0)], [11, entry('a', 'b')]);
const port = message([1, 'http'], [3, 80], [4, message([1, 1], [3, 'web'])]);
const container = message([1, 'c'], [2, 'i'], [8, message([1, entry('cpu', message([1, '1']))])]);
const template = message([1, metadata], [2, message([2, container])]);
const rule = message([1, 'get'], [2, ''], [3, 'secrets']);

const bodies: Readonly<Record<string, Buffer>> = {
  secret: envelope('v1', 'Secret', message([1, metadata], [2, entry('k', Buffer.from([0, 255]))])),
  service: envelope('v1', 'Service', message([1, metadata], [2, message([1, port])])),
  lease: envelope(
    'coordination.k8s.io/v1',
    'Lease',
    message([1, metadata], [2, message([1, 'me'], [4, message([1, 1_700_000_000], [2, 5])])]),
  ),
  role: envelope('rbac.authorization.k8s.io/v1', 'Role', message([1, metadata], [2, rule])),
  deployment: envelope(
    'apps/v1',
    'Deployment',
    message([1, metadata], [2, message([1, 0], [3, template])]),
  ),
  options: envelope('v1', 'DeleteOptions', message([1, 0], [4, 'Background'])),
};

for (const [name, body] of Object.entries(bodies)) {
  test(`a protobuf ${name}, cut at every byte and changed in every byte`, () => {
    assert.ok(decodeProtobuf(body));
    for (let at = 0; at < body.length; at++) {
      attempt(() => decodeProtobuf(body.subarray(0, at)));
      for (const value of [0, 1, 0x7f, 0x80, 0xff, (body[at] ?? 0) ^ 0x10]) {
        const changed = Buffer.from(body);
        changed[at] = value;
        attempt(() => decodeProtobuf(changed));
      }
    }
  });
}

test('bytes that are no body of any kind', () => {
  const types = [
    'application/json',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
    'text/plain',
  ];
  const prefix = fc.constantFrom('', '{', '[', 'k8s\0', 'a: &a [*a]', '- ', '{"a":', '"');
  fc.assert(
    fc.property(
      prefix,
      fc.uint8Array({ maxLength: 400 }),
      fc.constantFrom(...types),
      (head, tail, type) => {
        const body = Buffer.concat([Buffer.from(head, 'latin1'), tail]);
        attempt(() => decodeObjectBody(body, type, false));
        attempt(() => parseJsonBody(body));
      },
    ),
  );
});

test('texts that are built to take long', () => {
  const deep = (open: string, shut: string) => open.repeat(50_000) + shut.repeat(50_000);
  const laughs = Array.from({ length: 12 }, (_, at) =>
    at === 0 ? 'a0: &a0 [x, x]' : `a${at}: &a${at} [${`*a${at - 1}, `.repeat(10)}]`,
  ).join('\n');
  const hostile: readonly [string, string][] = [
    [deep('[', ']'), 'application/json'],
    [`{"a":${deep('[', ']')}}`, 'application/json'],
    [`{${'"k":1,'.repeat(200_000)}"k":1}`, 'application/json'],
    [laughs, 'application/yaml'],
    [deep('[', ''), 'application/yaml'],
    [`a: "${'\\'.repeat(100_001)}"`, 'application/yaml'],
  ];
  for (const [text, type] of hostile) {
    attempt(() => decodeObjectBody(Buffer.from(text), type, false));
  }
});

test('selectors of any text', () => {
  const part = fc.constantFrom(
    'a',
    'in',
    'notin',
    '(',
    ')',
    ',',
    '!',
    '=',
    '!=',
    '==',
    ' ',
    '\\',
    'é',
    '/',
  );
  const text = fc.oneof(
    fc.array(part, { maxLength: 60 }).map((parts) => parts.join('')),
    fc.string(),
  );
  fc.assert(
    fc.property(text, (selector) => {
      attempt(() => parseLabelSelector(selector).matches({ a: 'b' }));
      attempt(() => parseFieldSelector(selector, event));
    }),
    { numRuns: 500 },
  );
  for (const seed of ['(', 'a in (', 'a,', '!', '\\', 'a=\\']) {
    attempt(() => parseLabelSelector(seed.repeat(20_000)));
    attempt(() => parseFieldSelector(seed.repeat(20_000), event));
  }
});

test('queries of any text', () => {
  const names = fc.constantFrom(
    'limit',
    'continue',
    'watch',
    'timeoutSeconds',
    'resourceVersion',
    'resourceVersionMatch',
    'sendInitialEvents',
    'fieldManager',
    'dryRun',
    'force',
    'fieldValidation',
    'labelSelector',
  );
  const value = fc.oneof(fc.string(), fc.constantFrom('', '-1', '1e9', 'true', 'All', 'Exact'));
  fc.assert(
    fc.property(fc.array(fc.tuple(names, value), { maxLength: 6 }), (pairs) => {
      attempt(() => parseListOptions(new URLSearchParams(pairs)));
      attempt(() => parseWriteOptions('PatchOptions', new URLSearchParams(pairs), 'x/1'));
    }),
  );
});

test('patches of any shape on objects of several kinds', () => {
  const word = fc.constantFrom(
    '$patch',
    '$retainKeys',
    '$setElementOrder/ports',
    '$deleteFromPrimitiveList/finalizers',
    'metadata',
    'spec',
    'ports',
    'port',
    'containers',
    'template',
    'name',
    'data',
    'finalizers',
  );
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, 'delete', 'replace', 'merge', 80, true),
      fc.dictionary(word, tie('node'), { noNullPrototype: true, maxKeys: 4 }),
      fc.array(tie('node'), { maxLength: 4 }),
    ),
  }));
  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
      path: fc.oneof(
        fc.constantFrom('', '/spec', '/spec/ports/0', '/spec/ports/-', '/~2', '/__proto__/x'),
        fc.string(),
      ),
      from: fc.constantFrom('', '/spec', '/spec/ports', '/metadata'),
      value: node,
    },
    { requiredKeys: [] },
  );
  const current = {
    apiVersion: 'v1',
    kind: 'X',
    metadata: { name: 'x', finalizers: ['a'] },
    spec: {
      ports: [{ port: 80, protocol: 'TCP' }],
      template: { spec: { containers: [{ name: 'c' }] } },
    },
    data: { a: 'b' },
  };
  fc.assert(
    fc.property(node, fc.array(operation, { maxLength: 6 }), (patch, operations) => {
      for (const { schema } of [service, deployment, configMap]) {
        const merge =
          typeof patch === 'object' && patch !== null && !Array.isArray(patch) ? patch : {};
        attempt(() => applyStrategicPatch(schema, current, merge));
        attempt(() => applyMergePatch(current, merge));
      }
      attempt(() => applyJsonPatch(current, operations));
    }),
    { numRuns: 300 },
  );
  assert.equal(Object.hasOwn(Object.prototype, 'x'), false);
});

test('a patch that copies itself over and over does not fill the memory', () => {
  const operations = Array.from({ length: 60 }, () => ({
    op: 'copy',
    from: '/data',
    path: '/data/x',
  }));
  attempt(() => applyJsonPatch({ data: { a: 'b' } }, operations));
});

test('continue tokens that nobody gave out', async (t) => {
  const api = await apiServerFor(t);
  const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const tokens = [
    'x',
    '',
    '%00',
    json(null),
    json({}),
    json({ rv: -1, ns: '', name: '' }),
    json({ rv: 1e300, ns: '', name: '' }),
    json({ rv: 1, ns: {}, name: [] }),
    json({ rv: '1', ns: '', name: '' }),
    json({ rv: 99_999, ns: '', name: 'a' }),
    json({ rv: 0, ns: 'a'.repeat(2000), name: '\u0000' }),
    'A'.repeat(4000),
  ];
  for (const token of tokens) {
    const path = `/api/v1/namespaces/default/configmaps?limit=1&continue=${encodeURIComponent(token)}`;
    const { status } = await api.call(path);
    assert.ok(status < 500 || status === 504, `${token.slice(0, 20)}: ${status}`);
  }
  assert.equal((await api.call('/readyz')).text, 'ok');
});

test('what is refused leaves nothing in the memory', async () => {
  const inputs = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 2000 }), 500);
  const texts = fc.sample(fc.string({ maxLength: 500, unit: 'binary' }), 500);
  const round = (): void => {
    for (const bytes of inputs) {
      const body = Buffer.concat([Buffer.from('k8s\0'), bytes]);
      attempt(() => decodeProtobuf(body));
      attempt(() => decodeObjectBody(Buffer.from(bytes), 'application/yaml', false));
      attempt(() => parseJsonBody(Buffer.from(bytes)));
    }
    for (const text of texts) {
      attempt(() => parseLabelSelector(text));
      attempt(() => parseFieldSelector(text, event));
      attempt(() => parseListOptions(new URLSearchParams(text)));
    }
  };
  // The first rounds fill what is kept for good: compiled code and its caches.
  round();
  round();
  const before = await settledHeapBytes();
  for (let turn = 0; turn < 5; turn++) round();
  const grown = (await settledHeapBytes()) - before;
  assert.ok(grown < 1024 * 1024, `${grown} bytes more after 5 rounds of refusals`);
});
