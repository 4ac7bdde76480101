/** The path of `listener/NAME`: from the socket here to a connector somewhere in the network. */
import { listener, type Listener, type Service, serviceKind } from '../api/kinds.ts';
import { isIP } from 'node:net';
import { probe } from './probe.ts';
import { configuredFindings, matchFindings, tlsFindings } from './routing-steps.ts';
import { activeSite } from './site-steps.ts';
import { fault, note, ok, type Step } from './step.ts';
import type { World } from './world.ts';

async function listenerOf({ session, name }: World): Promise<Listener | undefined> {
  return session.client.find(listener, { namespace: session.namespace, name });
}

const exists: Step<World> = async (world) => {
  const { session, name } = world;
  const { namespace } = session;
  const found = await listenerOf(world);
  if (found !== undefined) {
    const { host = '', port = 0, routingKey = '' } = found.spec ?? {};
    return [ok('listener', `${name} at ${host}:${port} for "${routingKey}"`)];
  }
  const { items } = await session.client.list(listener, { namespace });
  const names = items.map(({ metadata }) => metadata.name).join(', ');
  return [
    fault(
      'listener',
      `there is no listener ${name} in namespace ${namespace}${names === '' ? '' : `; there is ${names}`}`,
      'Make it:',
      `  drawbridge listener create ${name} PORT -n ${namespace}`,
    ),
  ];
};

const credentials: Step<World> = async (world) =>
  tlsFindings(world, 'listener', (await listenerOf(world))?.spec?.tlsCredentials, 'server');

const configured: Step<World> = async (world) => {
  const found = await listenerOf(world);
  const { name, session } = world;
  if (found === undefined) return [];
  const at = `-n ${session.namespace}`;
  const { host = '', port = 0 } = found.spec ?? {};
  return configuredFindings(found, [
    [/^Cannot listen on/, portTaken(host, port, name, session.namespace)],
    [
      /^Service .+ already exists/,
      [
        'A Service that is not of Drawbridge has that name. Choose another host:',
        `  drawbridge listener update ${name} --host ${host}-remote ${at}`,
      ],
    ],
    [
      /^Listener .+ already exists/,
      [
        'Choose another host or port:',
        `  drawbridge listener update ${name} --port ${port + 1} ${at}`,
      ],
    ],
  ]);
};

function portTaken(host: string, port: number, name: string, namespace: string): string[] {
  return [
    'See who has the port, and end it, or choose another port or host:',
    `  ss -ltnp 'sport = :${port}'`,
    `  drawbridge listener update ${name} --port ${port + 1} -n ${namespace}`,
  ];
}

const match: Step<World> = async (world) => {
  const found = await listenerOf(world);
  return found === undefined ? [] : matchFindings(world, found);
};

/** Routers open the socket only when there is a destination; somebody else may have it before. */
const taken: Step<World> = async (world) => {
  const { isLocal, routers, name, session } = world;
  const found = await listenerOf(world);
  if (found === undefined || !isLocal) return [];
  const rows = (await routers()).flatMap((each) =>
    'view' in each ? each.view.tcpListener.filter((row) => row['name'] === `listener/${name}`) : [],
  );
  if (rows.length === 0 || rows.some((row) => row['operStatus'] === 'up')) return [];
  const { host = '', port = 0 } = found.spec ?? {};
  if (isIP(host) === 0) return [];
  const reach = await probe(host, port);
  if (reach.stage !== 'done') return [];
  return [
    fault(
      'address',
      `${host}:${port} is taken by another process, so the router cannot listen there`,
      ...portTaken(host, port, name, session.namespace),
    ),
  ];
};

/** Whether clients get through to the socket. */
const answers: Step<World> = async (world) => {
  const { session, isLocal } = world;
  const found = await listenerOf(world);
  const { host = '', port = 0 } = found?.spec ?? {};
  const address = await addressOf(world, host);
  if (address === undefined) return [note('address', `of Service ${host} is not known yet`)];
  if (!isLocal) return [note('address', `${address}:${port}; not tried from here`)];
  const reach = await probe(address, port);
  const place = host === address ? `${host}:${port}` : `${host} (${address}:${port})`;
  if (reach.stage === 'done') return [ok('address', `${place} accepts connections`)];
  return [
    fault(
      'address',
      `${place} does not accept connections, though there is a connector for it`,
      'The connector may have no server behind it. At its site:',
      '  drawbridge connector status -n NAMESPACE',
      'and here, see what the router says:',
      `  drawbridge why site/${session.namespace} -n ${session.namespace}`,
    ),
  ];
};

async function addressOf({ session }: World, host: string): Promise<string | undefined> {
  if (isIP(host) !== 0) return host;
  const key = { namespace: session.namespace, name: host };
  const found = await session.client.find<Service>(serviceKind, key);
  const { clusterIP = '' } = found?.spec ?? {};
  return clusterIP === '' || clusterIP === 'None' ? undefined : clusterIP;
}

/** The path of `listener/NAME`. */
export const listenerPath: readonly Step<World>[] = [
  activeSite,
  exists,
  credentials,
  configured,
  taken,
  match,
  answers,
];
