/**
 * The tree of verbs with what they have in common: global flags, help, where output goes. A group
 * of verbs is loaded only when its name is on the command line, because `router` is started often
 * and should not carry what the others need.
 */
import { Command, Option } from 'commander';
import { checkPlatform } from './input/platform.ts';
import type { CliIo, Outcome } from './io.ts';
import { addRouter } from './verbs/router.ts';
import { addUp } from './verbs/up.ts';
import { addVersion } from './verbs/version.ts';

/** Width of help texts that do not go to a terminal; characters. */
const helpWidthDefault = 100;

/** Verbs that run a process of this machine; what SKUPPER_PLATFORM says is not about them. */
const processes: ReadonlySet<string> = new Set(['controller', 'router', 'up']);

interface Group {
  readonly name: string;
  readonly heading: string;
  readonly description: string;
  /** What people often do with it, for the help of the group; without the name of the program. */
  readonly examples?: readonly string[];
  /** Gives what adds the verbs. */
  readonly load: () => Promise<(group: Command, io: CliIo, outcome: Outcome) => void>;
}

/** Groups of verbs, in the order of the help. */
export const groups: readonly Group[] = [
  {
    name: 'controller',
    heading: 'Run:',
    description: 'run the controllers and the grant server of a cluster',
    load: async () => (await import('./verbs/cluster/controller.ts')).addController,
  },
  {
    name: 'install',
    heading: 'Run:',
    description: 'put kinds, rights and controller into a cluster',
    load: async () => (await import('./verbs/cluster/install.ts')).addInstall,
  },
  {
    name: 'uninstall',
    heading: 'Run:',
    description: 'take them out again, when no site is left',
    load: async () => (await import('./verbs/cluster/install.ts')).addUninstall,
  },
  {
    name: 'site',
    heading: 'Sites and links:',
    description: 'create, look at and remove the site',
    examples: ['site create west --enable-link-access', 'site status', 'site delete --all'],
    load: async () => (await import('./verbs/site.ts')).addSite,
  },
  {
    name: 'token',
    heading: 'Sites and links:',
    description: 'hand out and use short-lived invitations',
    examples: ['token issue token.yaml --expiration-window 30m', 'token redeem token.yaml'],
    load: async () => (await import('./verbs/token/token.ts')).addToken,
  },
  {
    name: 'link',
    heading: 'Sites and links:',
    description: 'look at and change links to other sites',
    examples: ['link status', 'link delete link1'],
    load: async () => (await import('./verbs/link/link.ts')).addLink,
  },
  {
    name: 'status',
    heading: 'Sites and links:',
    description: 'say whether there is a site, and how many others it is linked to',
    load: async () => (await import('./verbs/status.ts')).addStatusVerb,
  },
  {
    name: 'why',
    heading: 'Sites and links:',
    description: 'follow a link, token, listener, connector or site, and name the one fault',
    load: async () => (await import('./verbs/why.ts')).addWhy,
  },
  {
    name: 'revoke-access',
    heading: 'Sites and links:',
    description: 'cut sites that were let in: one of them, or all',
    load: async () => (await import('./verbs/revoke-access.ts')).addRevokeAccess,
  },
  {
    name: 'certificate',
    heading: 'Sites and links:',
    description: 'list certificates, and give a CA a new key',
    examples: ['certificate status', 'certificate rotate skupper-site-ca'],
    load: async () => (await import('./verbs/certificate/certificate.ts')).addCertificate,
  },
  {
    name: 'listener',
    heading: 'Services:',
    description: 'offer services of other sites here',
    examples: ['listener create backend 8080', 'listener status'],
    load: async () => (await import('./verbs/exposure/listener.ts')).addListener,
  },
  {
    name: 'connector',
    heading: 'Services:',
    description: 'offer services of this site to others',
    examples: ['connector create backend 8080 --workload deployment/backend', 'connector status'],
    load: async () => (await import('./verbs/exposure/connector.ts')).addConnector,
  },
  {
    name: 'expose',
    heading: 'Services:',
    description: 'offer a workload, a Service or a host to the network',
    load: async () => (await import('./verbs/expose.ts')).addExposeVerb,
  },
  {
    name: 'unexpose',
    heading: 'Services:',
    description: 'take back what expose made',
    load: async () => (await import('./verbs/unexpose.ts')).addUnexpose,
  },
  {
    name: 'gateway',
    heading: 'People and bots:',
    description: 'links, kubeconfigs and tokens that open parts of an API for a while',
    examples: [
      'gateway link --resource configmaps --for 30m -n west',
      'gateway list',
      'gateway revoke --all',
    ],
    load: async () => (await import('./verbs/gateway/gateway.ts')).addGateway,
  },
  {
    name: 'token-request',
    heading: 'People and bots:',
    description: 'short-lived tokens for bots: expose the API that makes them, or get one',
    examples: [
      'token-request get --server https://apps.example.com/kubernetes --service-account bots/deployer',
    ],
    load: async () => (await import('./verbs/token-request.ts')).addTokenRequest,
  },
  {
    name: 'user',
    heading: 'People and bots:',
    description: 'kubeconfigs for colleagues who use this machine',
    examples: ['user create alice --group developers'],
    load: async () => (await import('./verbs/user/user.ts')).addUser,
  },
  {
    name: 'system',
    heading: 'About:',
    description: 'objects in files, and where other verbs of `skupper system` have gone',
    examples: ['system apply -f site.yaml'],
    load: async () => (await import('./verbs/system.ts')).addSystem,
  },
  {
    name: 'debug',
    heading: 'About:',
    description: 'gather what helps somebody else to help',
    examples: ['debug dump', 'debug backup copy.db'],
    load: async () => (await import('./verbs/debug/debug.ts')).addDebug,
  },
  {
    name: 'manifest',
    heading: 'About:',
    description: 'print the components and their versions',
    load: async () => (await import('./verbs/manifest.ts')).addManifest,
  },
  {
    name: 'completion',
    heading: 'About:',
    description: 'print the code with which a shell completes command lines',
    load: async () => (await import('./verbs/completion.ts')).addCompletion,
  },
];

/** The command line, ready to parse `args`. */
export async function buildProgram(
  io: CliIo,
  outcome: Outcome,
  args: readonly string[],
): Promise<Command> {
  const program = new Command('drawbridge')
    .description('Short-lived, counted, revocable ways into Kubernetes for sites, people and bots.')
    .option('-n, --namespace <name>', "namespace to work in (default: the context's, else default)")
    .option('-c, --context <name>', 'context of the kubeconfig to use')
    .option('--kubeconfig <file>', 'kubeconfig to use (default: KUBECONFIG, else a running up)')
    .option('-o, --output <format>', 'json or yaml instead of a table')
    .addOption(platformOption(args))
    .version(io.version, '-V, --version', 'print the version of this program')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => io.columns ?? helpWidthDefault,
      getErrHelpWidth: () => io.columns ?? helpWidthDefault,
    })
    .showSuggestionAfterError(true)
    .exitOverride()
    .hook('preAction', (_program, verb) => {
      const { platform } = verb.optsWithGlobals<{ platform?: string }>();
      if (!processes.has(verb.name())) checkPlatform(platform, io.env);
    });
  addUp(program.commandsGroup('Run:'), io, outcome);
  addRouter(program, io, outcome);
  for (const { name, heading, description, examples, load } of groups) {
    const group = program.commandsGroup(heading).command(name).description(description);
    if (examples !== undefined) group.addHelpText('after', examplesText(examples));
    if (args.includes(name)) (await load())(group, io, outcome);
    else group.argument('[verb]');
  }
  addVersion(program.commandsGroup('About:'), io);
  if (args.includes('complete')) {
    const { addComplete } = await import('./verbs/completion.ts');
    addComplete(program.command('complete', { hidden: true }), io);
  }
  return program;
}

function examplesText(examples: readonly string[]): string {
  return ['\nExamples:', ...examples.map((each) => `  drawbridge ${each}`)].join('\n');
}

/** Of Skupper; `-p` is also the password of `token create`, and that one wins there. */
function platformOption(args: readonly string[]): Option {
  const isToken = args.includes('token') && args.includes('create');
  const flags = isToken ? '--platform <name>' : '-p, --platform <name>';
  return new Option(flags, 'only kubernetes: all verbs work through its API').hideHelp();
}
