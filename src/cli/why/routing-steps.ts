/** What listeners and connectors share: credentials, conditions, and the other side of a routing key. */
import {
  connector,
  type Listener,
  listener,
  type Connector,
  secretKind,
  type Site,
} from '../api/kinds.ts';
import { isTrue, statusOf } from '../api/status.ts';
import { sitesOf } from '../deeds/site.ts';
import { nearest } from '../input/nearest.ts';
import { credentialFindings, type Needed } from './credentials.ts';
import { fault, type Finding, ok } from './step.ts';
import type { World } from './world.ts';

/** Credentials of one end; none when it has no TLS. */
export async function tlsFindings(
  world: World,
  thing: 'listener' | 'connector',
  secretName: string | undefined,
  needed: Needed,
): Promise<readonly Finding[]> {
  if (secretName === undefined || secretName === '') return [];
  const { session, nowMs, name } = world;
  const { namespace } = session;
  const secret = await session.client.find(secretKind, { namespace, name: secretName });
  const renew = [
    'Give it a Secret that fits (cert-manager can make one), or name another:',
    `  drawbridge ${thing} update ${name} --tls-credentials SECRET -n ${namespace}`,
  ];
  return credentialFindings({ name: secretName, secret, needed, namespace, renew }, nowMs);
}

/** What the condition Configured says, when it is not True; `known` are messages with their way out. */
export function configuredFindings(
  object: Listener | Connector,
  known: readonly (readonly [RegExp, readonly string[]])[],
): readonly Finding[] {
  const { conditions = [] } = statusOf(object);
  const said = conditions.find(({ type }) => type === 'Configured');
  const { name, namespace = '' } = object.metadata;
  const kind = object.kind.toLowerCase();
  if (said === undefined) {
    return [
      fault(
        'configured',
        `nobody has looked at ${kind} ${name} yet: no controller runs`,
        'On one machine controllers are part of `drawbridge up`; in a cluster look at their pods:',
        '  kubectl get pods -A | grep drawbridge',
      ),
    ];
  }
  if (said.status === 'True') return [ok('configured', 'the router has it')];
  const message = said.message ?? 'not configured';
  const way = known.find(([pattern]) => pattern.test(message))?.[1];
  return [
    fault(
      'configured',
      message,
      ...(way ?? [
        'Correct what the message names:',
        `  drawbridge ${kind} update ${name} -n ${namespace} --help`,
      ]),
    ),
  ];
}

/** Whether the other side of the routing key is in the network, and what is if it is not. */
export async function matchFindings(
  world: World,
  object: Listener | Connector,
): Promise<readonly Finding[]> {
  const { session, name } = world;
  const { namespace } = session;
  const key = object.spec?.routingKey ?? '';
  const isListener = object.kind === listener.kind;
  const other = isListener ? 'connector' : 'listener';
  const [site] = await sitesOf(session);
  if (isTrue(object, 'Matched')) {
    const where = sitesWith(site, key, isListener ? 'connectors' : 'listeners');
    return [ok('match', `a ${other} for "${key}" is ${where === '' ? 'there' : `in ${where}`}`)];
  }
  const { items } = await session.client.list<Listener | Connector>(
    isListener ? connector : listener,
    {
      namespace,
    },
  );
  const ill = items.find((each) => each.spec?.routingKey === key && !isTrue(each, 'Configured'));
  if (ill !== undefined) {
    return [
      fault(
        'match',
        `${other} ${ill.metadata.name} has the routing key "${key}" but is not configured`,
        'Follow it:',
        `  drawbridge why ${other}/${ill.metadata.name} -n ${namespace}`,
      ),
    ];
  }
  const down = await linkThatIsDown(world, site);
  if (down !== undefined) return [down];
  const near = nearestKey(site, key);
  const create = isListener
    ? `drawbridge connector create NAME PORT --host HOST --routing-key ${key} -n NAMESPACE`
    : `drawbridge listener create NAME PORT --routing-key ${key} -n NAMESPACE`;
  return [
    fault(
      'match',
      `no ${other} in the network has the routing key "${key}"${near === undefined ? '' : `; there is "${near}"`}`,
      ...(near === undefined
        ? [`Make one at the site that ${isListener ? 'has' : 'wants'} the service:`, `  ${create}`]
        : [
            'If that is the one meant:',
            `  drawbridge ${object.kind.toLowerCase()} update ${name} --routing-key ${near} -n ${namespace}`,
          ]),
    ),
  ];
}

/** A site that is alone, or a link of it that is not up, explains more than a missing match. */
async function linkThatIsDown(world: World, site: Site | undefined): Promise<Finding | undefined> {
  const { namespace } = world.session;
  const { network = [] } = site?.status ?? {};
  const own = network.find(({ id }) => id === site?.metadata.uid);
  const down = own?.links?.find(({ operational }) => operational !== true);
  if (down === undefined) return undefined;
  const { name = '' } = down;
  return fault(
    'match',
    `link ${name} is not up, so what is behind it cannot be seen`,
    'Follow it:',
    `  drawbridge why link/${name} -n ${namespace}`,
  );
}

function sitesWith(site: Site | undefined, key: string, side: 'connectors' | 'listeners'): string {
  const { network = [] } = site?.status ?? {};
  const names = network.filter(({ services = [] }) =>
    services.some((each) => each.routingKey === key && (each[side] ?? []).length > 0),
  );
  return names.map(({ name = '' }) => `site ${name}`).join(', ');
}

/** A key that is probably meant. */
function nearestKey(site: Site | undefined, key: string): string | undefined {
  const keys = (site?.status?.network ?? []).flatMap(({ services = [] }) =>
    services.map(({ routingKey = '' }) => routingKey),
  );
  return nearest(key, keys);
}
