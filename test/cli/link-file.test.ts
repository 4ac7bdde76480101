/** Files that a link can be made of, and what is compared before one is made. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { AccessToken, Link, Site } from '#apis/index.ts';
import type { Secret } from '#kube/index.ts';
import { stringify } from 'yaml';
import { type LinkSource, parseLinkFile } from '../../src/cli/api/link-file.ts';
import { plannedLinks } from '../../src/cli/deeds/link-create.ts';
import {
  isFromSelf,
  linkToOrigin,
  nextLinkName,
  type Surroundings,
} from '../../src/cli/deeds/link-origin.ts';
import { CliError } from '../../src/cli/errors.ts';

const apiVersion = 'skupper.io/v2alpha1';
const data = { 'tls.crt': 'eA==', 'tls.key': 'eQ==', 'ca.crt': 'eg==' };
const endpoint = { name: 'inter-router', host: 'west.example', port: '55671', group: 'g' };

function linkManifest(name: string, extra: object = {}): object {
  const spec = { endpoints: [endpoint], tlsCredentials: 's', cost: 3, ...extra };
  return { apiVersion, kind: 'Link', metadata: { name }, spec };
}

const plainSecret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data };

function v1Secret(type: string, annotations: object, content: object = data): object {
  const metadata = { name: 'skupper', labels: { 'skupper.io/type': type }, annotations };
  return { apiVersion: 'v1', kind: 'Secret', metadata, data: content };
}

const places = { 'inter-router-host': 'west.example', 'inter-router-port': '55671' };
const certToken = v1Secret('connection-token', { ...places, 'skupper.io/generated-by': 'west-id' });

function parse(...manifests: readonly object[]): LinkSource {
  const text = manifests.map((each) => stringify(each)).join('---\n');
  return parseLinkFile({ text, path: 'f.yaml' });
}

describe('a file that a link can be made of', () => {
  test('AccessToken', () => {
    const spec = { url: 'https://h/x', code: 'c', ca: 'pem' };
    const source = parse({ apiVersion, kind: 'AccessToken', metadata: { name: 't' }, spec });
    assert.deepEqual(source.kind === 'token' && source.token.spec, spec);
  });

  test('Link and Secret, also as a List, in any order', () => {
    const items = [plainSecret, linkManifest('a'), linkManifest('b', { cost: 'x' })];
    for (const source of [
      parse(...items),
      parseLinkFile({ text: JSON.stringify({ kind: 'List', items }), path: 'f' }),
    ]) {
      assert.ok(source.kind === 'link');
      assert.deepEqual(
        plannedLinks(source, 'n', undefined).map(({ metadata, spec }) => [metadata.name, spec]),
        [
          ['n', { endpoints: [endpoint], tlsCredentials: 'n', cost: 3 }],
          ['n-2', { endpoints: [endpoint], tlsCredentials: 'n' }],
        ],
      );
      assert.equal(plannedLinks(source, 'n', 9)[1]?.spec?.cost, 9);
      assert.deepEqual(source.secret.data, data);
    }
  });

  test('claim of Skupper v1, which is redeemed like an AccessToken', () => {
    const annotations = {
      'skupper.io/url': 'https://west.example:8081/3f0c',
      'skupper.io/generated-by': 'west-id',
      'skupper.io/claim-expiration': '2026-11-25T12:00:00Z',
    };
    const content = { password: 'c2VjcmV0', 'ca.crt': 'cGVt' };
    const source = parse(v1Secret('token-claim', annotations, content));
    assert.ok(source.kind === 'token');
    assert.deepEqual(source.token.spec, {
      url: 'https://west.example:8081/3f0c',
      code: 'secret',
      ca: 'pem',
    });
    assert.deepEqual(source.token.metadata.annotations, {
      'skupper.io/generated-by': 'west-id',
      'drawbridge.dev/expires': '2026-11-25T12:00:00Z',
    });
  });

  test('connection token, of which unknown data and names are dropped', () => {
    const source = parse(
      v1Secret(
        'connection-token',
        { ...places, 'skupper.io/generated-by': 'west-id' },
        { ...data, more: 'eA==' },
      ),
    );
    assert.ok(source.kind === 'connection-token');
    assert.equal(source.read.generatedBy, 'west-id');
    assert.deepEqual(source.secret.data, data);
    assert.equal(source.secret.metadata.name, '');
  });
});

describe('a file that no link can be made of', () => {
  const wrong: readonly (readonly [string, readonly object[], RegExp])[] = [
    ['a plain Secret', [plainSecret], /^Secret is not a valid skupper token$/],
    [
      'a claim without a password',
      [v1Secret('token-claim', { 'skupper.io/url': 'https://h/x' })],
      /Expected password field in secret data$/,
    ],
    [
      'a claim without encryption',
      [
        v1Secret(
          'token-claim',
          { 'skupper.io/url': 'http://h/x' },
          { password: 'eA==', 'ca.crt': 'eA==' },
        ),
      ],
      /token url scheme must be https$/,
    ],
    [
      'a claim without a place',
      [v1Secret('token-claim', {}, { password: 'eA==', 'ca.crt': 'eA==' })],
      /Expected skupper\.io\/url annotation$/,
    ],
    ['no origin', [v1Secret('connection-token', places)], /^Can't find secret origin\.$/],
    ['no place', [v1Secret('connection-token', {})], /^Expected inter-router-host annotation$/],
    [
      'no key',
      [v1Secret('connection-token', places, { 'tls.crt': 'eA==' })],
      /^Expected tls\.key field in secret data$/,
    ],
    ['a Link alone', [linkManifest('a')], /it holds Link$/],
    [
      'two Secrets',
      [linkManifest('a'), plainSecret, plainSecret],
      /it holds Link, Secret, Secret$/,
    ],
    [
      'something else',
      [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } }],
      /it holds Pod$/,
    ],
    [
      'another Secret',
      [linkManifest('a', { tlsCredentials: 'x' }), plainSecret],
      /a Link does not use the Secret "s"$/,
    ],
    [
      'no endpoints',
      [linkManifest('a', { endpoints: [] }), plainSecret],
      /a Link has no endpoints/,
    ],
    [
      'a strange port',
      [linkManifest('a', { endpoints: [{ ...endpoint, port: '0' }] }), plainSecret],
      /an endpoint has no name, no host or no port$/,
    ],
    [
      'an incomplete Secret',
      [linkManifest('a'), { ...plainSecret, data: {} }],
      /Expected ca\.crt field in secret data$/,
    ],
  ];
  for (const [what, manifests, message] of wrong) {
    test(what, () => {
      assert.throws(
        () => parse(...manifests),
        (thrown) => {
          assert.ok(thrown instanceof CliError && thrown.exitCode === 1);
          assert.match(thrown.message, message);
          return true;
        },
      );
    });
  }

  test('whatever the text, it is read or refused with a reason', () => {
    const part = fc.constantFrom(
      'kind: ',
      'Secret',
      'metadata:',
      '\n',
      '  ',
      '- ',
      '---',
      ': ',
      '&a',
      '*a',
      '{',
      '[',
      '"',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(part).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseLinkFile({ text, path: 'f' });
        } catch (thrown) {
          assert.ok(thrown instanceof CliError, String(thrown));
        }
      }),
    );
  });
});

describe('before a link is made', () => {
  const site: Site = {
    apiVersion,
    kind: 'Site',
    metadata: { name: 'east', uid: 'east-id' },
    status: { endpoints: [{ ...endpoint, host: 'east.example' }] },
  };
  const nobody: Surroundings = { site, links: [], tokens: [], secrets: [], grants: [] };
  const cert = parse(certToken);
  const manifests = parse(linkManifest('a'), plainSecret);
  const token = (name: string, from: string, redeemed: boolean): AccessToken => ({
    apiVersion,
    kind: 'AccessToken',
    metadata: { name, annotations: { 'skupper.io/generated-by': from } },
    spec: { url: `https://h/${name}`, code: 'c', ca: 'pem' },
    status: { redeemed },
  });
  const link = (name: string, host: string, status: Link['status'] = {}): Link => ({
    apiVersion,
    kind: 'Link',
    metadata: { name },
    spec: { endpoints: [{ ...endpoint, host }], tlsCredentials: name },
    status,
  });
  const claim: LinkSource = { kind: 'token', token: token('new', 'west-id', false) };

  test('a link to the same site is found by who made it or where it leads', () => {
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'link1', annotations: { 'skupper.io/generated-by': 'west-id' } },
    };
    const elsewhere = link('link1', 'other.example');
    const around: readonly (readonly [string, Partial<Surroundings>, readonly LinkSource[]])[] = [
      ['its status', { links: [link('link1', 'x', { remoteSiteId: 'west-id' })] }, [cert, claim]],
      ['its Secret', { links: [elsewhere], secrets: [secret] }, [cert, claim]],
      [
        'its token',
        { links: [elsewhere], tokens: [token('link1', 'west-id', true)] },
        [cert, claim],
      ],
      ['a token that waits', { tokens: [token('link1', 'west-id', false)] }, [cert, claim]],
      ['its endpoint', { links: [link('link1', 'west.example')] }, [cert, manifests]],
    ];
    for (const [what, some, sources] of around) {
      for (const source of sources) {
        assert.equal(linkToOrigin(source, { ...nobody, ...some })?.name, 'link1', what);
      }
    }
    const none = { ...nobody, links: [elsewhere], tokens: [token('old', 'west-id', true)] };
    for (const source of [cert, claim, manifests])
      assert.equal(linkToOrigin(source, none), undefined);
  });

  test('a file of the site itself is recognised', () => {
    const own = { ...nobody, site: { ...site, metadata: { name: 'w', uid: 'west-id' } } };
    assert.deepEqual(
      [cert, claim].map((source) => isFromSelf(source, own)),
      [true, true],
    );
    assert.deepEqual(
      [cert, claim, manifests].map((source) => isFromSelf(source, nobody)),
      [false, false, false],
    );
    const endpoints = { ...nobody, site: { ...site, status: { endpoints: [endpoint] } } };
    assert.deepEqual(
      [cert, manifests].map((source) => isFromSelf(source, endpoints)),
      [true, true],
    );
    const grant = {
      apiVersion,
      kind: 'AccessGrant',
      metadata: { name: 'g' },
      status: { url: 'https://h/new' },
    };
    assert.equal(isFromSelf(claim, { ...nobody, grants: [grant] }), true);
  });

  test('names count up from the highest', () => {
    assert.equal(nextLinkName(nobody), 'link1');
    const links = [link('link2', 'a'), link('link', 'b'), link('linkx9', 'c')];
    assert.equal(
      nextLinkName({ ...nobody, links, tokens: [token('link10', 'x', true)] }),
      'link11',
    );
  });
});
