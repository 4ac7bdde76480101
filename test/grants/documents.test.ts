import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { GrantsError } from '#grants/index.ts';
import { type LinkMaterial, linkDocuments } from '#grants/server/link-documents.ts';
import { parseReceivedAccess } from '#grants/token/received-documents.ts';
import { createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';

const authority = await createAuthority({ commonName: 'ca', nowMs: Date.now() });
const request = { commonName: 'c', server: false, client: true, nowMs: Date.now() };
const issued = await issueCertificate(authority, request);
const other = await issueCertificate(authority, request);
const keyPem = privateKeyPem(issued.keys.privateKey);
const otherKeyPem = privateKeyPem(other.keys.privateKey);
const endpoint = {
  name: 'inter-router',
  host: 'router.west',
  port: '55671',
  group: 'skupper-router',
};
const material: LinkMaterial = {
  name: 'my-token',
  caPem: authority.certificate.pem,
  certificatePem: issued.certificate.pem,
  keyPem,
  groups: [[endpoint, { ...endpoint, name: 'edge', port: '45671' }]],
};
const answer = linkDocuments(material);

test('an answer is a Secret and one Link, in block style with sorted keys', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  assert.equal(
    answer,
    `---
apiVersion: v1
data:
  ca.crt: ${base64(material.caPem)}
  tls.crt: ${base64(material.certificatePem)}
  tls.key: ${base64(keyPem)}
kind: Secret
metadata:
  creationTimestamp: null
  name: my-token
type: kubernetes.io/tls
---
apiVersion: skupper.io/v2alpha1
kind: Link
metadata:
  creationTimestamp: null
  name: my-token
spec:
  endpoints:
  - group: skupper-router
    host: router.west
    name: inter-router
    port: "55671"
  - group: skupper-router
    host: router.west
    name: edge
    port: "45671"
  tlsCredentials: my-token
status: {}
`,
  );
});

test('several router groups give numbered Links of one Secret', () => {
  const groups = [[endpoint], [{ ...endpoint, group: 'skupper-router-2' }]];
  const { links } = parseReceivedAccess(
    linkDocuments({ ...material, groups }),
    'my-token',
    'unused',
  );
  assert.deepEqual(
    links.map(({ name }) => name),
    ['my-token-1', 'my-token-2'],
  );
});

test('names that YAML could take for something else stay texts', () => {
  for (const name of ['1e3', 'true', 'null', '0x1f', 'on', '1.5', '2030-01-01']) {
    const text = linkDocuments({ ...material, name, groups: [[{ ...endpoint, host: name }]] });
    const { links } = parseReceivedAccess(text, name, 'unused');
    assert.deepEqual([links[0]?.name, links[0]?.endpoints[0]?.host], [name, name]);
  }
});

test('an answer is taken over field by field, and nothing else of it', () => {
  const text = answer
    .replace(
      '  name: my-token\ntype',
      '  name: my-token\n  labels: {evil: "1"}\n  ownerReferences: []\nextra: 1\ntype',
    )
    .replace('  ca.crt', '  more: AAAA\n  ca.crt');
  const access = parseReceivedAccess(text, 'my-token', 'unused');
  assert.deepEqual(Object.keys(access), ['data', 'links']);
  assert.deepEqual(Object.keys(access.data), ['ca.crt', 'tls.crt', 'tls.key']);
  assert.equal(Buffer.from(access.data['tls.key'], 'base64').toString(), keyPem);
  assert.deepEqual(access.links, [{ name: 'my-token', endpoints: material.groups[0] }]);
});

test('an answer to a certificate request brings no key and takes ours', () => {
  const { keyPem: _own, ...without } = material;
  const text = linkDocuments(without);
  assert.doesNotMatch(text, /tls\.key/);
  const access = parseReceivedAccess(text, 'my-token', keyPem);
  assert.equal(Buffer.from(access.data['tls.key'], 'base64').toString(), keyPem);
  assert.throws(() => parseReceivedAccess(text, 'my-token', otherKeyPem), {
    code: 'GRANTS_ANSWER_INVALID',
  });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
/** What a site of Skupper v1 answers to a claim: one Secret, with a name of its own. */
const earlierAnswer = (annotations: object): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'a-claim',
      labels: { 'skupper.io/type': 'connection-token' },
      annotations,
    },
    data: {
      'ca.crt': base64(authority.certificate.pem),
      'tls.crt': base64(issued.certificate.pem),
      'tls.key': base64(keyPem),
    },
  });
const earlierPlaces = { 'inter-router-host': 'router.west', 'inter-router-port': '55671' };

test('a site of Skupper v1 answers with a Secret that says where to connect', () => {
  const edge = { 'edge-host': 'edge.west', 'edge-port': '45671' };
  const text = earlierAnswer({ ...earlierPlaces, ...edge });
  const { data, links } = parseReceivedAccess(text, 'my-token', 'unused');
  assert.equal(Buffer.from(data['tls.key'], 'base64').toString(), keyPem);
  assert.deepEqual(links, [
    {
      name: 'my-token',
      endpoints: [endpoint, { ...endpoint, name: 'edge', host: 'edge.west', port: '45671' }],
    },
  ]);
});

for (const [what, text] of [
  ['a v1 Secret without places', earlierAnswer({})],
  [
    'a v1 Secret with a strange port',
    earlierAnswer({ ...earlierPlaces, 'inter-router-port': 'x' }),
  ],
  ['a v1 Secret without a key', earlierAnswer(earlierPlaces).replace('tls.key', 'key')],
  ['nothing', ''],
  ['a page', '<html><body>hello</body></html>'],
  ['no YAML', '---\n{a: ['],
  ['no Link', answer.slice(0, answer.indexOf('---\napiVersion: skupper.io'))],
  ['another name', linkDocuments({ ...material, name: 'kube-root-ca' })],
  ['another kind', answer.replace('kind: Secret', 'kind: ConfigMap')],
  ['another version', answer.replace('skupper.io/v2alpha1', 'skupper.io/v1')],
  ['another type', answer.replace('kubernetes.io/tls', 'kubernetes.io/service-account-token')],
  [
    'a Link with another Secret',
    answer.replace('tlsCredentials: my-token', 'tlsCredentials: other'),
  ],
  ['a Link of another name', answer.replace(/(kind: Link\n.*\n.*\n  name: )my-token/, '$1other')],
  ['two Links of one name', answer + answer.slice(answer.indexOf('---\napiVersion: skupper.io'))],
  [
    'a Link too many',
    linkDocuments({ ...material, groups: Array.from({ length: 9 }, () => [endpoint]) }),
  ],
  [
    'endpoints too many',
    linkDocuments({ ...material, groups: [Array.from({ length: 17 }, () => endpoint)] }),
  ],
  ['a port out of range', answer.replace('"55671"', '"70000"')],
  ['a port that is no text', answer.replace('"55671"', '55671')],
  ['no endpoint', linkDocuments({ ...material, groups: [[]] })],
  ['the key of another certificate', linkDocuments({ ...material, keyPem: otherKeyPem })],
  ['a broken certificate', linkDocuments({ ...material, certificatePem: 'hello' })],
  ['no CA', linkDocuments({ ...material, caPem: '' })],
  ['a doubled key', answer.replace('kind: Secret', 'kind: Secret\nkind: Secret')],
  ['an alias', answer.replace('status: {}', 'status: &a {b: *a}')],
  ['a bomb', `a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n${answer}`],
  ['a very long text', `${answer}#${'x'.repeat(300_000)}`],
] as const) {
  test(`an answer with ${what} is refused`, () => {
    assert.throws(
      () => parseReceivedAccess(text, 'my-token', keyPem),
      (thrown: unknown) =>
        thrown instanceof GrantsError &&
        thrown.code === 'GRANTS_ANSWER_INVALID' &&
        !thrown.message.includes('PRIVATE'),
    );
  });
}

test('every cut or changed answer is taken whole or refused with a code', () => {
  fc.assert(
    fc.property(
      fc.nat(answer.length - 1),
      fc.string({ maxLength: 3 }),
      fc.nat(3),
      (at, insert, drop) => {
        const text = answer.slice(0, at) + insert + answer.slice(at + drop);
        try {
          const access = parseReceivedAccess(text, 'my-token', keyPem);
          assert.ok(access.links.length > 0);
        } catch (thrown) {
          assert.ok(thrown instanceof GrantsError, String(thrown));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('foreign servers answer in the same form', () => {
  // The documents as upstream writes them: PKCS#1 or SEC1 key, numbers as texts, empty status.
  const documents = parseAllDocuments(answer);
  assert.equal(Array.isArray(documents) && documents.length, 2);
});
