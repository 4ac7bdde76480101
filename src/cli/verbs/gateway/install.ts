/** `gateway install` and `gateway uninstall`: the gateway in a cluster. */
import type { Command } from 'commander';
import { type Session, withSession } from '../../api/session.ts';
import { gatewayObjects, type GatewayWish } from '../../deeds/installation/gateway-objects.ts';
import {
  impersonationSentence,
  type ImpersonationWish,
  linksOnly,
} from '../../deeds/installation/impersonation-rules.ts';
import { rulesOfRoles } from '../../deeds/installation/rules-of-roles.ts';
import { install, uninstallGateway } from '../../deeds/installation/install.ts';
import {
  type ImageFlags,
  installNamespaceDefault,
  readImageFlags,
  refuseOutput,
} from '../../input/install-wish.ts';
import { choiceProblems, nameProblems } from '../../input/name.ts';
import { Problems } from '../../input/problems.ts';
import { repeated } from '../../input/repeated.ts';
import type { GlobalFlags } from '../../input/format.ts';
import type { CliIo } from '../../io.ts';
import { installTeller, printObjects } from '../cluster/telling.ts';
import {
  addImpersonationOptions,
  type ImpersonationFlags,
  readImpersonation,
} from './impersonation-flags.ts';

interface InstallFlags extends ImageFlags, ImpersonationFlags {
  readonly publicUrl?: string;
  readonly tlsSecret?: string;
  readonly admissionSecret?: string;
  readonly ownCa: boolean;
  readonly impersonateFor: readonly string[];
  readonly serviceType: string;
  readonly linksRole?: string;
  readonly loginSecret?: string;
  readonly recordingsClaim?: string;
  readonly set: readonly string[];
  readonly print: boolean;
}

/** Flags of `gateway serve` that --set takes; the others follow from the installation. */
const settable = [
  'allowed-origin',
  'host',
  'oidc-client-id',
  'oidc-groups-claim',
  'oidc-issuer',
  'oidc-scope',
  'oidc-user-prefix',
  'protect',
  'proxy-protocol',
  'record',
  'recording-keep',
  'recording-max',
  'recording-total-max',
  'trusted-proxy',
];
const switches = ['nodes-proxy'];
const serviceTypes = ['ClusterIP', 'NodePort', 'LoadBalancer'] as const;
const identities = ['impersonate', 'account'] as const;

const help = `
Without --tls-secret and --admission-secret the controller of 'drawbridge install' makes a CA and
certificates: for the host of the URL, and for drawbridge-gateway-admission.NAMESPACE.svc, where the
API server asks who may make which grant. Until it can ask, grants are refused. Whatever leads to the Service must pass TLS through. Links can do nothing until
their group gw:links is bound: --links-role view binds it to what that ClusterRole allows, and a
grant opens part of that. Without --login-secret the gateway may act as the links alone: user
gw:link in group gw:links. Who logs in is known by name when he comes, so with it the gateway may act
as anybody unless --impersonate-user and --impersonate-group name them; --impersonate-for limits it to
what a ClusterRole allows at the time of the installation. --set takes the flags of 'drawbridge gateway serve'.

Examples:
  drawbridge gateway install --image registry.example.com/drawbridge:1 \\
    --public-url https://access.example.com --links-role view
  drawbridge gateway install --image … --public-url … --tls-secret access-tls \\
    --login-secret access-login --set oidc-issuer=https://login.example.com --set oidc-client-id=gw
  drawbridge gateway install --image … --public-url … --print | kubectl apply -f -`;

/** Adds `install`. */
export function addGatewayInstall(group: Command, io: CliIo): void {
  const verb = group
    .command('install')
    .description('put kinds, rights and the gateway into a cluster')
    .option('--image <image>', 'image of this program')
    .option('--pull-policy <policy>', 'when the image is pulled', 'IfNotPresent')
    .option('--replicas <count>', 'gateways; each serves everything', '2')
    .option('--public-url <url>', 'https URL by which clients come')
    .option('--tls-secret <name>', 'Secret with tls.crt and tls.key for that URL')
    .option('--admission-secret <name>', 'Secret with tls.crt, tls.key, ca.crt for the API server')
    .option('--own-ca', 'clients check it with ca.crt of that Secret', false)
    .option(
      '--impersonate-for <clusterrole>',
      'act as others only for what it allows, from Kubernetes 1.36 on; may repeat',
      repeated,
      [],
    )
    .option('--service-type <type>', 'type of the Service', 'ClusterIP')
    .option('--links-role <clusterrole>', 'bind links to what this ClusterRole allows at most')
    .option('--login-secret <name>', 'Secret with client-secret and rules.yaml for OpenID Connect')
    .option('--recordings-claim <name>', 'record terminals into this PersistentVolumeClaim')
    .option('--set <name=value>', 'setting of the gateway; may repeat', repeated, [])
    .option('--print', 'print the objects as YAML instead of applying them', false);
  addImpersonationOptions(verb)
    .addHelpText('after', help)
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<InstallFlags>();
      const wish = readInstall(flags);
      if (flags.print && flags.impersonateFor.length === 0) {
        printObjects(io, gatewayObjects(wish));
        return;
      }
      await withSession(io, flags, async (session) => {
        const limited = await limit(session, wish, flags.impersonateFor);
        if (flags.print) printObjects(io, gatewayObjects(limited));
        else await put(io, session, limited);
      });
    });
}

async function limit(
  session: Session,
  wish: GatewayWish,
  roles: readonly string[],
): Promise<GatewayWish> {
  if (roles.length === 0) return wish;
  const only = await rulesOfRoles(session, roles);
  return { ...wish, impersonates: { ...wish.impersonates, only } };
}

async function put(io: CliIo, session: Session, wish: GatewayWish): Promise<void> {
  await install(session, gatewayObjects(wish), installTeller(io));
  const { namespace, replicas, publicUrl, impersonates } = wish;
  io.stdout.write(
    `${impersonates === undefined ? '' : impersonationSentence(impersonates)}${replicas} gateways for ${publicUrl} in namespace ${namespace}: kubectl get pods -n ${namespace}\n`,
  );
}

/** Adds `uninstall`. */
export function addGatewayUninstall(group: Command, io: CliIo): void {
  group
    .command('uninstall')
    .description('take the gateway out again; grants, kinds and the namespace stay')
    .addHelpText('after', '\nExamples:\n  drawbridge gateway uninstall')
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags>();
      refuseOutput(flags, new Problems(), 'gateway uninstall');
      const namespace = flags.namespace ?? installNamespaceDefault;
      await withSession(io, flags, (session) =>
        uninstallGateway(session, namespace, installTeller(io)),
      );
    });
}

/** The flags as values. @throws CliError CLI_USAGE naming everything that is wrong */
function readInstall(flags: InstallFlags): GatewayWish {
  const problems = new Problems();
  const image = readImageFlags(problems, flags);
  const { publicUrl = '', tlsSecret, admissionSecret, linksRole, loginSecret, ownCa } = flags;
  const { recordingsClaim } = flags;
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  if (url?.protocol !== 'https:' || url.pathname !== '/' || url.search + url.hash !== '') {
    problems.add(`--public-url is not valid: "${publicUrl}" is not an https URL without a path`);
  }
  problems.add(
    ...choiceProblems('--identity', flags.identity, identities),
    ...choiceProblems('--service-type', flags.serviceType, serviceTypes),
  );
  const names = {
    '--tls-secret': tlsSecret,
    '--admission-secret': admissionSecret,
    '--login-secret': loginSecret,
    '--recordings-claim': recordingsClaim,
  };
  for (const [flag, name] of Object.entries(names)) {
    if (name !== undefined) problems.add(...nameProblems(flag, name));
  }
  if (ownCa && tlsSecret === undefined) problems.add('--own-ca is about a --tls-secret of yours');
  const settings = readSettings(problems, flags.set);
  const issuer = settings.some((each) => each.startsWith('--oidc-issuer='));
  if (issuer !== (loginSecret !== undefined)) {
    problems.add('--login-secret and --set oidc-issuer=URL belong together');
  }
  if (recordingsClaim === undefined && settings.some((each) => each.startsWith('--record'))) {
    problems.add('--set record… has a meaning only together with --recordings-claim');
  }
  const impersonates = readWish(problems, flags);
  refuseOutput(flags, problems, 'gateway install');
  return {
    ...image,
    publicUrl: url?.origin ?? '',
    ...(tlsSecret === undefined ? {} : { tlsSecret }),
    ...(admissionSecret === undefined ? {} : { admissionSecret }),
    ownCa,
    ...(impersonates === undefined ? {} : { impersonates }),
    serviceType: serviceTypes.find((each) => each === flags.serviceType) ?? 'ClusterIP',
    ...(linksRole === undefined ? {} : { linksRole }),
    ...(loginSecret === undefined ? {} : { loginSecret }),
    ...(recordingsClaim === undefined ? {} : { recordingsClaim }),
    flags: settings,
  };
}

/** @returns undefined when it acts as nobody else */
function readWish(problems: Problems, flags: InstallFlags): ImpersonationWish | undefined {
  const named = readImpersonation(problems, flags);
  if (flags.identity !== 'impersonate') {
    if (flags.impersonateFor.length > 0) {
      problems.add('--impersonate-for belongs to --identity impersonate');
    }
    return undefined;
  }
  const { impersonateUser, impersonateGroup, loginSecret } = flags;
  if (loginSecret !== undefined) return named ?? {};
  return {
    ...named,
    ...(impersonateUser.length === 0 ? { users: linksOnly.users } : {}),
    ...(impersonateGroup.length === 0 ? { groups: linksOnly.groups } : {}),
  };
}

/** @returns flags of `gateway serve` */
function readSettings(problems: Problems, given: readonly string[]): readonly string[] {
  return given.flatMap((text) => {
    const equals = text.indexOf('=');
    const [name, value] = [text.slice(0, Math.max(0, equals)), text.slice(equals + 1)];
    if (switches.includes(name)) {
      if (value === 'true') return [`--${name}`];
      if (value !== 'false') problems.add(`--set is not valid: ${name} is true or false`);
      return [];
    }
    if (settable.includes(name) && value !== '') return [`--${name}=${value}`];
    problems.add(`--set is not valid: "${text}" is not NAME=VALUE of 'drawbridge gateway serve'`);
    return [];
  });
}
