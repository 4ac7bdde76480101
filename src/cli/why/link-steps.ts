/** The path of `link/NAME`: from the objects here to the other site's router. */
import { issuedLink, link, type Link, secretKind, type Site } from '../api/kinds.ts';
import { isTrue, statusOf } from '../api/status.ts';
import { sitesOf } from '../deeds/site.ts';
import { parseCertificate } from '#pki/index.ts';
import { credentialFindings, textIn } from './credentials.ts';
import { probe, saslGreeting } from './probe.ts';
import { reachFindings } from './reach-finding.ts';
import { textOf } from './router-view.ts';
import { activeSite, routerAnswers } from './site-steps.ts';
import { fault, note, ok, type Step } from './step.ts';
import type { World } from './world.ts';

/** The lines that link anew. */
function relink(name: string, namespace: string): readonly string[] {
  return [
    'Link anew with a new token; at the other site:',
    '  drawbridge token issue token.yaml -n NAMESPACE_OF_THE_OTHER_SITE',
    'and here:',
    `  drawbridge link delete ${name} -n ${namespace}`,
    `  drawbridge token redeem token.yaml -n ${namespace}`,
  ];
}

const exists: Step<World> = async ({ session, name }) => {
  const { client, namespace } = session;
  const found = await client.find(link, { namespace, name });
  if (found !== undefined) {
    return [ok('link', `${name}, cost ${Math.max(1, found.spec?.cost ?? 1)}`)];
  }
  const { items } = await client.list(link, { namespace });
  const names = items.map(({ metadata }) => metadata.name).join(', ');
  return [
    fault(
      'link',
      `there is no link ${name} in namespace ${namespace}${names === '' ? '' : `; there is ${names}`}`,
      'A token becomes a link when it is redeemed:',
      `  drawbridge token redeem token.yaml -n ${namespace}`,
      'If there is a token already, follow that:',
      `  drawbridge why token/${name} -n ${namespace}`,
    ),
  ];
};

const credentials: Step<World> = async ({ session, name, nowMs }) => {
  const { client, namespace } = session;
  const one = await client.find(link, { namespace, name });
  const secretName = one?.spec?.tlsCredentials ?? '';
  if (secretName === '') return [note('credentials', 'the link uses no TLS')];
  const secret = await client.find(secretKind, { namespace, name: secretName });
  const renew = relink(name, namespace);
  return credentialFindings(
    { name: secretName, secret, needed: 'client', namespace, renew },
    nowMs,
  );
};

const configured: Step<World> = async ({ session, name }) => {
  const { client, namespace } = session;
  const one = await client.find(link, { namespace, name });
  const said = statusOf(one).conditions?.find(({ type }) => type === 'Configured');
  if (said === undefined || said.status === 'True') return [];
  return [
    fault(
      'configured',
      said.message ?? 'the link is not configured',
      'Correct the object; this shows what it says now:',
      `  kubectl get link ${name} -n ${namespace} -o yaml`,
    ),
  ];
};

/** True when the site that handed the certificate out says it is revoked, if that can be seen. */
const revoked: Step<World> = async (world) => {
  const { session, name } = world;
  const { client } = session;
  const { certificate } = await materialOf(world);
  if (certificate === '') return [];
  const serial = parseCertificate(certificate).serialNumber.toLowerCase();
  // Sites of this API only; of others nobody tells us but their router, in a later step.
  const { items } = await client.list(issuedLink).catch(() => ({ items: [] }));
  const record = items.find(({ spec }) => spec?.serialNumber?.toLowerCase() === serial);
  if (record?.spec?.revoked !== true) return [];
  const { namespace = '' } = record.metadata;
  return [
    fault(
      'revoked',
      `the certificate of this link was revoked in namespace ${namespace} (IssuedLink ${record.metadata.name})`,
      `Ask there why. If it was a mistake: a revoked certificate does not come back.`,
      ...relink(name, session.namespace),
    ),
  ];
};

interface Material {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

async function materialOf({ session, name }: World): Promise<Material> {
  const { client, namespace } = session;
  const one = await client.find(link, { namespace, name });
  const secretName = one?.spec?.tlsCredentials ?? '';
  const secret =
    secretName === '' ? undefined : await client.find(secretKind, { namespace, name: secretName });
  return {
    ca: textIn(secret, 'ca.crt'),
    certificate: textIn(secret, 'tls.crt'),
    key: textIn(secret, 'tls.key'),
  };
}

/** The endpoint that a site of this mode uses. */
function endpointOf(
  one: Link | undefined,
  site: Site | undefined,
): { host: string; port: string } | undefined {
  const role = site?.spec?.edge === true ? 'edge' : 'inter-router';
  const found = one?.spec?.endpoints.find(({ name }) => name === role);
  return found === undefined ? undefined : { host: found.host ?? '', port: found.port ?? '' };
}

const reachable: Step<World> = async (world) => {
  const { session, name, isLocal } = world;
  const { client, namespace } = session;
  const one = await client.find(link, { namespace, name });
  const [site] = await sitesOf(session);
  const endpoint = endpointOf(one, site);
  if (endpoint === undefined) return [];
  const { host, port } = endpoint;
  if (one?.spec?.settings?.['proxy-configuration'] !== undefined) {
    return [note('endpoint', `${host}:${port}, through a proxy; not tried from here`)];
  }
  const { ca, certificate, key } = await materialOf(world);
  const tls =
    certificate === ''
      ? undefined
      : { ca, cert: certificate, key, verifyHostname: true, greeting: saslGreeting };
  const reach = await probe(host, Number(port), tls);
  const goal = {
    place: `${host}:${port}`,
    peer: "the other site's router",
    tls: tls !== undefined,
    start: [
      'At the other site, see whether it runs, where it can be reached, and whether a firewall lets',
      `connections to ${host}:${port} in:`,
      '  drawbridge site status -n NAMESPACE_OF_THE_OTHER_SITE',
    ],
    trust: relink(name, namespace),
    refused: relink(name, namespace),
  };
  return reachFindings(reach, goal, isLocal);
};

/** What the routers themselves say of their connections. One that is connected is enough. */
const routerSays: Step<World> = async ({ routers, name, isLocal }) => {
  const all = await routers();
  const [first] = all;
  const views = all.flatMap((each) => ('view' in each ? [each.view] : []));
  if (views.length === 0 && first !== undefined && 'problem' in first)
    return isLocal ? [] : [note('router', `cannot be asked from here (${first.problem})`)];
  const rows = views.flatMap(({ router, connector }) => {
    const row = connector.find((each) => each['name'] === name);
    return row === undefined ? [] : [{ row, id: textOf(router[0], 'id') }];
  });
  if (rows.length === 0) {
    return [
      fault(
        'router',
        `the router has no connector ${name}`,
        'Its controller sets it within a minute; if not, read its log: the output of `drawbridge up`.',
      ),
    ];
  }
  return rows.map(({ row, id }) => {
    const status = textOf(row, 'connectionStatus');
    const said = textOf(row, 'connectionMsg');
    const who = all.length > 1 ? `${id} ` : '';
    return status === 'SUCCESS'
      ? ok('router', `${who}is connected`)
      : note('router', `${who}${status.toLowerCase()}${said === '' ? '' : `: ${said}`}`);
  });
};

const operational: Step<World> = async ({ session, name }) => {
  const { client, namespace } = session;
  const one = await client.find(link, { namespace, name });
  if (one !== undefined && isTrue(one, 'Operational')) {
    const { remoteSiteName = '' } = one.status ?? {};
    return [ok('operational', remoteSiteName === '' ? 'up' : `up, to site ${remoteSiteName}`)];
  }
  return [
    fault(
      'operational',
      `the other site is reached, but the link is not up: ${statusOf(one).message ?? 'no status yet'}`,
      'It is tried again by itself; wait for it:',
      `  drawbridge link status ${name} --wait 60 -n ${namespace}`,
      'If it stays down, look at the router of the other site.',
    ),
  ];
};

/** The path of `link/NAME` once the site is known to be well. */
export const linkPathBelow: readonly Step<World>[] = [
  exists,
  credentials,
  configured,
  revoked,
  reachable,
  routerAnswers,
  routerSays,
  operational,
];

/** The path of `link/NAME`. */
export const linkPath: readonly Step<World>[] = [activeSite, ...linkPathBelow];
