/** Sites and links in the sentences of Skupper v1. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessToken, Link, NetworkSite, Site } from '#apis/index.ts';
import { linkedSites } from '../../src/cli/deeds/linked-sites.ts';
import { linkSentence, renderAllLinks } from '../../src/cli/output/link-sentences.ts';
import { siteSentence } from '../../src/cli/output/site-sentence.ts';

const apiVersion = 'skupper.io/v2alpha1';

function siteIn(network: NetworkSite[]): Site {
  const metadata = { name: 'west', uid: 'west-id' };
  return { apiVersion, kind: 'Site', metadata, status: { network } };
}

const to = (remoteSiteId: string, operational = true) => ({ remoteSiteId, operational });
const member = (name: string, links: NonNullable<NetworkSite['links']> = []): NetworkSite => ({
  id: `${name}-id`,
  name,
  namespace: name,
  links,
});

test('linked sites are counted once each, in both directions, and only while the link is up', () => {
  const tell = (network: NetworkSite[]): string[] =>
    linkedSites(siteIn(network)).map(({ name, direction }) => `${name} ${direction}`);
  assert.deepEqual(tell([]), []);
  assert.deepEqual(tell([member('west')]), []);
  assert.deepEqual(
    tell([
      member('west', [to('out-id'), to('both-id'), to('down-id', false)]),
      member('out'),
      member('in', [to('west-id'), to('west-id')]),
      member('both', [to('west-id')]),
      member('down'),
      member('lost', [to('west-id', false)]),
      member('far', [to('in-id')]),
    ]),
    ['out out', 'in in', 'both both'],
  );
  const silent = { ...to('silent-id'), remoteSiteName: 'silent' };
  assert.deepEqual(tell([member('west', [silent])]), ['silent out']);
});

test('the site in one sentence: none, one, several', () => {
  const start = 'Drawbridge is enabled for namespace "west" in interior mode.';
  const facts = { namespace: 'west', mode: 'interior' } as const;
  assert.equal(
    siteSentence({ ...facts, linked: 0 }),
    `${start} It is not linked to any other sites.`,
  );
  assert.equal(siteSentence({ ...facts, linked: 1 }), `${start} It is linked to 1 other site.`);
  assert.equal(siteSentence({ ...facts, linked: 2 }), `${start} It is linked to 2 other sites.`);
  assert.match(siteSentence({ ...facts, mode: 'edge', linked: 2 }), /"west" in edge mode\. /);
});

const link = (operational: boolean, message: string): Link => ({
  apiVersion,
  kind: 'Link',
  metadata: { name: 'link1' },
  status: {
    message,
    conditions: [
      {
        type: 'Operational',
        status: operational ? 'True' : 'False',
        reason: 'x',
        message: '',
        lastTransitionTime: '2026-11-22T00:00:00Z',
      },
    ],
  },
});

test('a link in one sentence', () => {
  const token: AccessToken = {
    apiVersion,
    kind: 'AccessToken',
    metadata: { name: 'link1' },
    status: { message: 'used\nup' },
  };
  assert.equal(linkSentence({ link: link(true, 'OK') }), 'Link link1 is connected');
  assert.equal(
    linkSentence({ link: link(false, 'Not operational') }),
    'Link link1 not connected (Not operational)',
  );
  assert.equal(linkSentence({ link: link(false, 'OK') }), 'Link link1 not connected');
  assert.equal(
    linkSentence({ token }),
    'Link link1 not connected (Failed to redeem claim: used up)',
  );
  assert.equal(linkSentence({ token: { ...token, status: {} } }), 'Link link1 not connected');
});

test('links of both directions', () => {
  const incoming = { id: 'east-id', name: 'east', namespace: 'e', direction: 'in' } as const;
  const text = (links: number, sites: number): string =>
    renderAllLinks(
      Array.from({ length: links }, () => ({ link: link(true, 'OK') })),
      Array.from({ length: sites }, () => incoming),
    );
  assert.equal(
    text(1, 1),
    '\nLinks created from this site:\n\n\t Link link1 is connected\n' +
      '\nCurrent links from other sites that are connected:\n\n' +
      '\t Incoming link from site east-id (east) on namespace e\n',
  );
  assert.match(
    text(0, 0),
    /There are no links configured or connected\n[^]*There are no connected links\n$/,
  );
});
