import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutManagedFields } from '../../console/src/yaml-text.ts';
import { grantSentences, ruleSentence, spanText } from '../../console/src/words.ts';

const rules: readonly [object, string][] = [
  [
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'], namespaces: ['shop'] },
    'You may see pods in namespace shop.',
  ],
  [
    { resources: ['pods', 'services'], verbs: ['get', 'delete'], namespaces: ['a', 'b'] },
    'You may see and delete pods and services in namespaces a and b.',
  ],
  [
    { apiGroups: ['skupper.io'], resources: ['*'], verbs: ['*'] },
    'You may do anything with all resources of skupper.io in every namespace.',
  ],
  [
    { resources: ['configmaps'], verbs: ['get'], resourceNames: ['x', 'y'], namespaces: ['a'] },
    'You may see configmaps named x or y in namespace a.',
  ],
  [
    { effect: 'deny', resources: ['secrets'], verbs: ['get'], namespaces: ['*'] },
    'You may not see secrets in every namespace.',
  ],
  [
    {
      resources: ['deployments'],
      subresources: ['scale'],
      verbs: ['update', 'patch'],
      namespaces: ['a'],
    },
    'You may change deployments (scale) in namespace a.',
  ],
  [
    { resources: ['pods'], verbs: ['approve'], namespaces: ['a'] },
    'You may approve pods in namespace a.',
  ],
  [
    { verbs: ['list'], resources: ['pods'], namespaces: ['a'], selectors: ['app=web', 'tier=1'] },
    'You may see pods in namespace a with labels app=web and tier=1.',
  ],
];

for (const [rule, sentence] of rules) {
  test(`a rule in words: ${sentence}`, () => {
    assert.equal(ruleSentence(rule), sentence);
  });
}

test('a grant in words: rules, addresses and ways into workloads', () => {
  const grant = {
    namespace: 'a',
    name: 'g',
    cluster: 'local',
    expires: '',
    usesLeft: 0,
    countPer: 'redemption',
    rules: [],
    connect: ['exec', 'vnc'],
    urls: ['/api/v1/pods'],
    methods: ['get', 'post'],
    viewOnly: false,
    issuedBy: '',
  };
  assert.deepEqual(grantSentences(grant), [
    'You may use GET and POST on /api/v1/pods.',
    'You may run commands in containers.',
    'You may see and use the screens of virtual machines.',
  ]);
  assert.deepEqual(grantSentences({ ...grant, methods: [], connect: [] }), [
    'You may use GET on /api/v1/pods.',
  ]);
  const machines = { resources: ['machines'], verbs: ['get'], namespaces: ['a'] };
  const twice = ['a.io', 'b.io'].map((group) => ({ ...machines, apiGroups: [group] }));
  const said = grantSentences({ ...grant, rules: twice, connect: [], urls: [] });
  assert.deepEqual(said, ['You may see machines in namespace a.']);
});

test('spans of time', () => {
  assert.deepEqual([-5, 0, 1, 41_500, 60_000, 247_000, 3_600_000, 3_905_000].map(spanText), [
    '0 s',
    '0 s',
    '1 s',
    '42 s',
    '1 min 00 s',
    '4 min 07 s',
    '1 h 00 min',
    '1 h 05 min',
  ]);
});

test('managed fields are taken out, whatever stands around them', () => {
  const managed = [
    '  managedFields:',
    '    - apiVersion: v1',
    '      fieldsV1:',
    '        f:data: {}',
  ];
  const flush = ['  managedFields:', '  - apiVersion: v1', '    fieldsV1:', '      f:data: {}'];
  for (const fields of [managed, flush]) {
    const before = ['metadata:', '  labels:', '    a: b'];
    for (const after of [['  name: x', 'spec: {}'], ['data:', '  a: b'], []]) {
      assert.equal(
        withoutManagedFields([...before, ...fields, ...after].join('\n')),
        [...before, ...after].join('\n'),
      );
    }
  }
  assert.equal(withoutManagedFields('metadata:\n  name: x\n'), 'metadata:\n  name: x\n');
});
