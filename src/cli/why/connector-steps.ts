/** The path of `connector/NAME`: from the server it leads to, to a listener somewhere in the network. */
import { connector, type Connector, secretKind } from '../api/kinds.ts';
import { textIn } from './credentials.ts';
import { probe, type ProbeTls } from './probe.ts';
import { reachFindings } from './reach-finding.ts';
import { configuredFindings, matchFindings, tlsFindings } from './routing-steps.ts';
import { activeSite } from './site-steps.ts';
import { fault, note, ok, type Step } from './step.ts';
import type { World } from './world.ts';

async function connectorOf({ session, name }: World): Promise<Connector | undefined> {
  return session.client.find(connector, { namespace: session.namespace, name });
}

const exists: Step<World> = async (world) => {
  const { session, name } = world;
  const { namespace } = session;
  const found = await connectorOf(world);
  if (found !== undefined) {
    const { host, selector, port = 0, routingKey = '' } = found.spec ?? {};
    const target = host === undefined ? `pods with ${selector ?? ''}` : host;
    return [ok('connector', `${name} to ${target}, port ${port}, for "${routingKey}"`)];
  }
  const { items } = await session.client.list(connector, { namespace });
  const names = items.map(({ metadata }) => metadata.name).join(', ');
  return [
    fault(
      'connector',
      `there is no connector ${name} in namespace ${namespace}${names === '' ? '' : `; there is ${names}`}`,
      'Make it:',
      `  drawbridge connector create ${name} PORT --host HOST -n ${namespace}`,
    ),
  ];
};

const credentials: Step<World> = async (world) => {
  const { tlsCredentials, useClientCert = false } = (await connectorOf(world))?.spec ?? {};
  return tlsFindings(world, 'connector', tlsCredentials, useClientCert ? 'client' : 'ca');
};

const configured: Step<World> = async (world) => {
  const found = await connectorOf(world);
  const { name, session } = world;
  if (found === undefined) return [];
  const at = `-n ${session.namespace}`;
  const { selector = '' } = found.spec ?? {};
  return configuredFindings(found, [
    [
      /^No matches for selector/,
      [
        `No ready pod has the labels ${selector}. Look for it, and correct pods or selector:`,
        `  kubectl get pods ${at} --show-labels`,
        `  drawbridge connector update ${name} --selector LABELS ${at}`,
      ],
    ],
    [
      /^TLS to /,
      [
        'The server does not accept our TLS, or we not its. Look at both:',
        `  kubectl get connector ${name} ${at} -o yaml`,
      ],
    ],
  ]);
};

const target: Step<World> = async (world) => {
  const { session, name, isLocal } = world;
  const found = await connectorOf(world);
  const { host = '', port = 0, tlsCredentials = '' } = found?.spec ?? {};
  if (host === '') return [note('server', 'is in pods; not tried from here')];
  const place = `${host}:${port}`;
  const fix = [
    'Start the server, or correct where the connector leads:',
    `  drawbridge connector update ${name} --host HOST --port PORT -n ${session.namespace}`,
  ];
  const goal = {
    place,
    peer: 'the server',
    start: fix,
    trust: [
      'The Secret of the connector must hold the CA of the server; or name another:',
      `  drawbridge connector update ${name} --tls-credentials SECRET -n ${session.namespace}`,
    ],
    refused: fix,
    tls: tlsCredentials !== '',
  };
  const tls = tlsCredentials === '' ? undefined : await tlsOf(world, tlsCredentials);
  return reachFindings(await probe(host, port, tls), goal, isLocal);
};

async function tlsOf(world: World, secretName: string): Promise<ProbeTls> {
  const { session } = world;
  const key = { namespace: session.namespace, name: secretName };
  const secret = await session.client.find(secretKind, key);
  const { useClientCert = false, verifyHostname = false } = (await connectorOf(world))?.spec ?? {};
  return {
    ca: textIn(secret, 'ca.crt'),
    verifyHostname,
    ...(useClientCert ? { cert: textIn(secret, 'tls.crt'), key: textIn(secret, 'tls.key') } : {}),
  };
}

const match: Step<World> = async (world) => {
  const found = await connectorOf(world);
  return found === undefined ? [] : matchFindings(world, found);
};

/** The path of `connector/NAME`. */
export const connectorPath: readonly Step<World>[] = [
  activeSite,
  exists,
  credentials,
  configured,
  target,
  match,
];
