/** `router`: the router of one site, as the controllers start it. The running itself is app's. */
import { fstatSync } from 'node:fs';
import type { Command } from 'commander';
import type { RouterProcessOptions } from '#app/index.ts';
import { usageError } from '../errors.ts';
import { refuseGlobals } from '../input/format.ts';
import type { CliIo, Outcome } from '../io.ts';

interface RouterFlags {
  readonly config?: string;
  readonly configMap?: string;
  readonly filesRoot?: string;
  readonly exitWithStdin: boolean;
  readonly heartbeatFd?: string;
}

const help = `
The file is a configuration as skupper-router reads it (JSON). SKUPPER_SITE_ID, SKUPPER_SITE_NAME
and SKUPPER_NAMESPACE tell which site it serves. Log lines are JSON on standard error.

With --config-map it is the router of a pod: it follows the ConfigMap of that name in
SKUPPER_NAMESPACE and the TLS Secrets that the ConfigMap needs, and replaces certificates while it
runs. The API server is that of the pod, or the one of KUBECONFIG.

Examples:
  drawbridge router --config router.json
  drawbridge router --config-map skupper-router`;

/** Adds the verb to the program. */
export function addRouter(program: Command, io: CliIo, outcome: Outcome): void {
  program
    .command('router')
    .description('run the router of one site')
    .option('--config <file>', 'configuration file')
    .option('--config-map <name>', 'ConfigMap to follow, in a pod')
    .option('--files-root <dir>', 'write the files of --config-map below this one', '/')
    .option('--exit-with-stdin', 'stop when standard input ends', false)
    .option('--heartbeat-fd <fd>', 'open descriptor to write a byte to each second')
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', help)
    .action(async (flags: RouterFlags, command: Command) => {
      refuseGlobals('router', command.optsWithGlobals());
      const { runRouter } = await import('#app/index.ts');
      outcome.exitCode = await runRouter({
        source: readSource(flags, io.env),
        exitWithStdin: flags.exitWithStdin,
        ...readHeartbeat(flags),
        env: io.env,
      });
    });
}

/** @throws CliError CLI_USAGE unless it is a pipe or socket that is open */
function readHeartbeat({ heartbeatFd }: RouterFlags): { readonly heartbeatFd?: number } {
  if (heartbeatFd === undefined) return {};
  const fd = Number(heartbeatFd);
  // 0 to 2 are for input, output and the log.
  const isFree = /^\d{1,4}$/.test(heartbeatFd) && fd > 2;
  if (isFree && isPipe(fd)) return { heartbeatFd: fd };
  const what = isFree ? 'is no open pipe' : 'is not a descriptor from 3 to 9999';
  throw usageError(
    [`--heartbeat-fd is not valid: "${heartbeatFd}" ${what}`],
    'it is for programs that start a router; leave it out',
  );
}

function isPipe(fd: number): boolean {
  try {
    const facts = fstatSync(fd);
    return facts.isFIFO() || facts.isSocket();
  } catch {
    return false;
  }
}

/** @throws CliError CLI_USAGE unless there is exactly one source */
function readSource(flags: RouterFlags, env: CliIo['env']): RouterProcessOptions['source'] {
  const { config, configMap: name, filesRoot: root = '/' } = flags;
  const todo = "see 'drawbridge router --help'";
  if (config !== undefined && name === undefined) return { configPath: config };
  if (config !== undefined || name === undefined) {
    throw usageError(['give either --config or --config-map'], todo);
  }
  const { SKUPPER_NAMESPACE: namespace = '' } = env;
  if (namespace === '') {
    throw usageError(['--config-map needs SKUPPER_NAMESPACE, the namespace of the site'], todo);
  }
  return { namespace, name, root };
}
