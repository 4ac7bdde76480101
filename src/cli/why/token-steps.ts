/** The path of `token/NAME`: from the object here to the grant, and on along the link it became. */
import { httpsRequest } from '#http/index.ts';
import {
  accessGrant,
  type AccessGrant,
  accessToken,
  type AccessToken,
  link,
} from '../api/kinds.ts';
import { statusOf } from '../api/status.ts';
import { annotation } from '../api/token-notes.ts';
import { isoOf } from './credentials.ts';
import { linkPathBelow } from './link-steps.ts';
import { probe } from './probe.ts';
import { reachFindings } from './reach-finding.ts';
import { activeSite } from './site-steps.ts';
import { fault, type Finding, follow, note, ok, type Step } from './step.ts';
import type { World } from './world.ts';

/** Clocks that differ by more are worth a word; by more than the second, a fault. Milliseconds. */
const skewNoteMs = 60_000;
const skewFaultMs = 5 * 60_000;
const requestMsMax = 4000;

function anew(name: string, namespace: string): readonly string[] {
  return [
    'Get a new token; at the other site:',
    '  drawbridge token issue token.yaml -n NAMESPACE_OF_THE_OTHER_SITE',
    'and here:',
    `  kubectl delete accesstoken ${name} -n ${namespace}`,
    `  drawbridge token redeem token.yaml -n ${namespace}`,
  ];
}

async function tokenOf({ session, name }: World): Promise<AccessToken | undefined> {
  return session.client.find(accessToken, { namespace: session.namespace, name });
}

const exists: Step<World> = async (world) => {
  const { session, name } = world;
  const { client, namespace } = session;
  const found = await tokenOf(world);
  if (found !== undefined) return [ok('token', `${name}, redeemed at ${shown(found.spec?.url)}`)];
  const { items } = await client.list(accessToken, { namespace });
  const names = items.map(({ metadata }) => metadata.name).join(', ');
  return [
    fault(
      'token',
      `there is no token ${name} in namespace ${namespace}${names === '' ? '' : `; there is ${names}`}`,
      'A token file becomes one when it is applied or redeemed:',
      `  drawbridge token redeem token.yaml -n ${namespace}`,
    ),
  ];
};

const wellFormed: Step<World> = async (world) => {
  const { spec, status } = (await tokenOf(world)) ?? {};
  if (status?.redeemed === true) return [];
  const { name, session } = world;
  const url = spec?.url ?? '';
  const problem =
    (spec?.ca ?? '') === ''
      ? 'token does not have a CA'
      : !URL.canParse(url)
        ? 'the URL of the token cannot be read'
        : new URL(url).protocol === 'https:'
          ? undefined
          : 'token url scheme must be https';
  if (problem === undefined) return [];
  return [
    fault(
      'form',
      `${problem}: the file was changed or cut on its way`,
      ...anew(name, session.namespace),
    ),
  ];
};

/** Redeemed tokens have done their part, unless their site has gone. */
const redeemed: Step<World> = async (world) => {
  const token = await tokenOf(world);
  const { name, session } = world;
  const { status, message = '' } = statusOf(token);
  if (token?.status?.redeemed !== true) return [];
  if (status === 'Error') {
    return [
      fault(
        'redeemed',
        `${message}: what it was exchanged for has gone with that site`,
        ...anew(name, session.namespace),
      ),
    ];
  }
  const { items } = await session.client.list(link, { namespace: session.namespace });
  const made = items.filter(({ spec }) => spec?.tlsCredentials === name);
  const found: Finding[] = [
    ok(
      'redeemed',
      `exchanged for ${made.length === 0 ? 'a link' : made.map(({ metadata }) => `link ${metadata.name}`).join(', ')}`,
    ),
  ];
  if (made.length === 0) {
    return [
      ...found,
      fault(
        'link',
        `its link has been deleted; a token is not redeemed again`,
        ...anew(name, session.namespace),
      ),
    ];
  }
  for (const { metadata } of made) {
    const below = await follow({ ...world, name: metadata.name }, linkPathBelow);
    found.push(...below.steps);
    if (!below.healthy) break;
  }
  return found;
};

const unexpired: Step<World> = async (world) => {
  const token = await tokenOf(world);
  if (token === undefined || token.status?.redeemed === true) return [];
  const expires = token.metadata.annotations?.[annotation.expires] ?? '';
  const endMs = Date.parse(expires);
  if (Number.isNaN(endMs)) return [];
  if (endMs > world.nowMs) return [ok('expiry', `usable until ${expires}`)];
  return [
    fault(
      'expiry',
      `the token has expired at ${expires}; the clock here says ${isoOf(world.nowMs)}`,
      ...anew(world.name, world.session.namespace),
    ),
  ];
};

/** The grant, when it is in this API: then nothing has to be guessed. */
const granted: Step<World> = async (world) => {
  const token = await tokenOf(world);
  if (token === undefined || token.status?.redeemed === true) return [];
  const { items } = await world.session.client.list(accessGrant).catch(() => ({ items: [] }));
  const url = token.spec?.url;
  const grant = items.find(({ status }) => status?.url !== undefined && status.url === url);
  if (grant === undefined) return [note('grant', 'is at another API; only its answer is known')];
  const problem = grantProblem(grant, token, world.nowMs);
  const { name, namespace = '' } = grant.metadata;
  const where = `grant ${name} of namespace ${namespace}`;
  if (problem === undefined) {
    const { redemptions = 0 } = grant.status ?? {};
    return [ok('grant', `${where}: ${redemptions} of ${grant.spec?.redemptionsAllowed ?? 1} used`)];
  }
  return [
    fault(
      'grant',
      `${where} ${problem}`,
      'Get a new token:',
      `  drawbridge token issue token.yaml -n ${namespace}`,
      `  kubectl delete accesstoken ${world.name} -n ${world.session.namespace}`,
      `  drawbridge token redeem token.yaml -n ${world.session.namespace}`,
    ),
  ];
};

function grantProblem(grant: AccessGrant, token: AccessToken, nowMs: number): string | undefined {
  const { status, spec } = grant;
  const { expirationTime = '', redemptions = 0 } = status ?? {};
  const allowed = spec?.redemptionsAllowed ?? 1;
  if (Date.parse(expirationTime) <= nowMs) return `has expired at ${expirationTime}`;
  if (redemptions >= allowed)
    return `is used up: ${redemptions} of ${allowed} redemptions are made`;
  if (token.spec?.code !== status?.code)
    return 'has another code than the token: the code is wrong';
  return undefined;
}

const reachable: Step<World> = async (world) => {
  const token = await tokenOf(world);
  if (token === undefined || token.status?.redeemed === true) return [];
  const { url: text = '', ca = '' } = token.spec ?? {};
  const { name, session, isLocal } = world;
  const url = new URL(text);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port || 443);
  const reach = await probe(host, port, { ca, verifyHostname: true });
  const goal = {
    place: `${host}:${port}`,
    peer: 'the grant server of the other site',
    tls: true,
    start: [
      'At the other site, see whether `drawbridge up` (or the controller) runs, and whether a firewall',
      `lets connections to ${host}:${port} in. There:`,
      '  kubectl get accessgrants -n NAMESPACE_OF_THE_OTHER_SITE',
    ],
    trust: [
      'Its address or its CA has changed since the token was made.',
      ...anew(name, session.namespace),
    ],
    refused: anew(name, session.namespace),
  };
  const found = reachFindings(reach, goal, isLocal);
  if (reach.stage !== 'done') return found;
  return [...found, ...(await clockFindings(text, ca))];
};

/** The grant server tells its time with any answer; this one changes nothing there. */
async function clockFindings(url: string, ca: string): Promise<readonly Finding[]> {
  try {
    const { status, headers } = await httpsRequest({
      url,
      method: 'GET',
      headers: {},
      body: '',
      ca,
      minVersion: 'TLSv1.3',
      timeoutMs: requestMsMax,
      bodyBytesMax: 4096,
      signal: AbortSignal.timeout(requestMsMax),
    });
    const skewMs = Date.now() - Date.parse(String(headers['date']));
    const size = Math.abs(Math.round(skewMs / 1000));
    const side = skewMs > 0 ? 'ahead of' : 'behind';
    if (Math.abs(skewMs) > skewFaultMs) {
      return [
        fault(
          'clock',
          `the clock here is ${size} s ${side} the other site's: certificates and tokens are judged wrongly`,
          'Compare the clocks of both machines with `date -u`, then let them be set by the network:',
          '  timedatectl set-ntp true',
        ),
      ];
    }
    if (Math.abs(skewMs) > skewNoteMs) {
      return [note('clock', `the clock here is ${size} s ${side} the other site's`)];
    }
    return status === 405
      ? [ok('server', 'is a grant server')]
      : [note('server', `answers ${status}, which a grant server does not`)];
  } catch {
    return [note('server', 'does not answer to a harmless question')];
  }
}

/** What the grant server has said, as the controller noted it. */
const answered: Step<World> = async (world) => {
  const token = await tokenOf(world);
  const { name, session } = world;
  if (token === undefined || token.status?.redeemed === true) return [];
  const { message = '' } = statusOf(token);
  const again = anew(name, session.namespace);
  const refusals: readonly (readonly [RegExp, string])[] = [
    [
      /No such access granted/,
      'the token is used up: its grant has been redeemed as often as allowed',
    ],
    [
      /No such claim/,
      'the other site does not know the token: it has expired, was revoked, or its grant was deleted',
    ],
    [/Access was revoked/, 'the other site has revoked the access of this token'],
    [
      /Redemption of access token refused/,
      'the code of the token is wrong: the file was changed or cut on its way',
    ],
    [
      /No valid endpoints found for site/,
      'the other site takes no links now: its link access is off',
    ],
    [
      /connection to self/,
      'the token is of this site itself: use it at another one (-n, --context)',
    ],
    [/Edge sites cannot accept/, 'the other site is an edge site, which takes no links'],
  ];
  const known = refusals.find(([pattern]) => pattern.test(message));
  if (known !== undefined) return [fault('answer', known[1], ...again)];
  if (/could not create received secret|already exists/.test(message)) {
    return [
      fault(
        'answer',
        message,
        'Another object has the name of the token. Remove it, if nobody needs it:',
        `  kubectl get secret,link ${name} -n ${session.namespace}`,
      ),
    ];
  }
  if (message === '') {
    return [
      fault(
        'redeemed',
        'nobody has looked at the token yet: no controller runs',
        'On one machine controllers are part of `drawbridge up`; in a cluster look at their pods:',
        '  kubectl get pods -A | grep drawbridge',
      ),
    ];
  }
  return [
    fault(
      'answer',
      `not redeemed yet: ${message}`,
      'It is tried again by itself, with growing pauses. To try at once, apply it anew:',
      ...again.slice(2),
    ),
  ];
};

/** URLs end with the grant's id, which together with the code lets somebody in. */
function shown(url: string | undefined): string {
  return url !== undefined && URL.canParse(url) ? new URL(url).host : 'an unreadable URL';
}

/** The path of `token/NAME`. */
export const tokenPath: readonly Step<World>[] = [
  activeSite,
  exists,
  wellFormed,
  redeemed,
  unexpired,
  granted,
  reachable,
  answered,
];
