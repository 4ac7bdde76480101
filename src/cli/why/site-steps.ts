/** The site of the namespace: the first step of every path, and the whole path of `site/NAME`. */
import { certificate, type Site, secretKind, site } from '../api/kinds.ts';
import { isTrue, statusOf } from '../api/status.ts';
import { sitesOf } from '../deeds/site.ts';
import { credentialFindings } from './credentials.ts';
import { textOf } from './router-view.ts';
import { fault, type Finding, note, ok, type Step } from './step.ts';
import type { World } from './world.ts';

/** That there is an active site whose router runs. */
export const activeSite: Step<World> = async ({ session }) => {
  const sites = await sitesOf(session);
  const { namespace } = session;
  const [first] = sites;
  if (first === undefined) {
    return [
      fault(
        'site',
        `No active site in namespace ${namespace}`,
        'Create one, or choose its namespace with -n:',
        `  drawbridge site create ${namespace} -n ${namespace}`,
      ),
    ];
  }
  const active = sites.find((each) => isTrue(each, 'Configured'));
  return siteFindings(active ?? first, namespace);
};

/** That the site of the name exists, is the active one, and runs. */
export const namedSite: Step<World> = async ({ session, name }) => {
  const { namespace, client } = session;
  const found = await client.find(site, { namespace, name });
  if (found !== undefined) return siteFindings(found, namespace);
  const names = (await sitesOf(session)).map(({ metadata }) => metadata.name);
  return [
    fault(
      'site',
      `there is no site ${name} in namespace ${namespace}`,
      ...(names.length === 0
        ? [`Create it:`, `  drawbridge site create ${name} -n ${namespace}`]
        : [`There is another one:`, `  drawbridge why site/${names[0]} -n ${namespace}`]),
    ),
  ];
};

function siteFindings(one: Site, namespace: string): readonly Finding[] {
  const { name } = one.metadata;
  const at = `-n ${namespace}`;
  const { conditions = [], message = '' } = statusOf(one);
  const messageOfType = (type: string): string | undefined => {
    const found = conditions.find((each) => each.type === type);
    return found !== undefined && found.status !== 'True' ? (found.message ?? type) : undefined;
  };
  if (conditions.length === 0) {
    return [
      fault(
        'site',
        `nobody has looked at site ${name} yet: no controller runs`,
        'On one machine controllers are part of `drawbridge up`; in a cluster look at their pods:',
        '  kubectl get pods -A | grep drawbridge',
      ),
    ];
  }
  const configured = messageOfType('Configured');
  if (configured !== undefined) {
    const other = /An active site already exists in the namespace \((.+)\)/.exec(configured)?.[1];
    return [
      fault(
        'site',
        `site ${name} is not configured: ${configured}`,
        ...(other === undefined
          ? ['Change what the message names:', `  drawbridge site update ${name} ${at} --help`]
          : [
              'A namespace has one site. Remove the one that is not wanted:',
              `  drawbridge site delete ${name} ${at}`,
            ]),
      ),
    ];
  }
  const running = messageOfType('Running');
  if (running !== undefined) {
    return [
      fault(
        'router',
        `the router of site ${name} does not run: ${running}`,
        'It is started again by itself. If that does not help, look at its log: the output of',
        '`drawbridge up`, or in a cluster:',
        `  kubectl logs ${at} -l skupper.io/component=router`,
      ),
    ];
  }
  const resolved = messageOfType('Resolved');
  if (resolved !== undefined) {
    return [
      fault(
        'addresses',
        `site ${name} has no address for links yet: ${resolved}`,
        'See what gives it one:',
        `  kubectl get securedaccesses,services ${at}`,
      ),
    ];
  }
  const mode = one.spec?.edge === true ? 'edge' : 'interior';
  return [ok('site', `${name} is ${message === 'OK' ? 'Ready' : message}, ${mode} mode`)];
}

/** That the certificates of the site can be used. */
export const siteCertificates: Step<World> = async ({ session, nowMs }) => {
  const { client, namespace } = session;
  const { items } = await client.list(certificate, { namespace });
  const found: Finding[] = [];
  for (const { metadata, spec, status } of items) {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready !== undefined && ready.status !== 'True') {
      found.push(
        fault(
          'certificates',
          `Certificate ${metadata.name}: ${ready.message}`,
          'Correct what the message names; a Secret that was made for it is made again when it is deleted:',
          `  kubectl delete secret ${metadata.name} -n ${namespace}`,
        ),
      );
      continue;
    }
    const secret = await client.find(secretKind, { namespace, name: metadata.name });
    const findings = credentialFindings(
      {
        name: metadata.name,
        secret,
        needed: spec?.signing === true ? 'ca' : 'client',
        namespace,
        renew: [
          'Its controller makes it again when the Secret is deleted:',
          `  kubectl delete secret ${metadata.name} -n ${namespace} --ignore-not-found`,
        ],
      },
      nowMs,
    );
    found.push(...findings.map((each) => ({ ...each, step: 'certificates' })));
    const rotating = status?.conditions?.find(({ type }) => type === 'Rotating');
    if (rotating?.status === 'True') {
      found.push(note('rotation', `CA ${metadata.name} gets a new key: ${rotating.message}`));
    }
  }
  return found;
};

/** What the routers' management says, when it can be asked. One that answers is enough. */
export const routerAnswers: Step<World> = async ({ routers, isLocal, session }) => {
  const all = await routers();
  const ids = all.flatMap((each) => ('view' in each ? [textOf(each.view.router[0], 'id')] : []));
  const [asked] = all.flatMap((each) => ('problem' in each ? [each] : []));
  if (asked === undefined || ids.length > 0) {
    const found = ids.map((id) => ok('router', `${id} answers to management`));
    if (asked === undefined) return found;
    const what = `1 of ${all.length} does not answer to management: ${asked.problem}`;
    return [...found, note('router', what)];
  }
  if (!isLocal) return [note('router', `cannot be asked from here (${asked.problem})`)];
  return [
    fault(
      'router',
      `the router does not answer to management: ${asked.problem}`,
      'It is started again by itself. If it stays like this, read the output of `drawbridge up`, and',
      'see whether its management credentials are in order:',
      `  kubectl get secret skupper-local-client skupper-local-server -n ${session.namespace}`,
    ),
  ];
};

/** How many others it sees, and whether its own links are up. */
export const siteNetwork: Step<World> = async ({ session }) => {
  const [one] = await sitesOf(session);
  const { sitesInNetwork = 1, network = [] } = one?.status ?? {};
  const own = network.find(({ id }) => id === one?.metadata.uid);
  const down = (own?.links ?? []).filter(({ operational }) => operational !== true);
  const found: Finding[] = [
    ok(
      'network',
      `${sitesInNetwork} ${sitesInNetwork === 1 ? 'site' : 'sites'}, this one included`,
    ),
  ];
  for (const { name = '' } of down) {
    found.push(
      fault(
        'links',
        `link ${name} is not up`,
        'Follow it:',
        `  drawbridge why link/${name} -n ${session.namespace}`,
      ),
    );
  }
  return found;
};

/** The path of `site/NAME`. */
export const sitePath: readonly Step<World>[] = [
  namedSite,
  siteCertificates,
  routerAnswers,
  siteNetwork,
];
