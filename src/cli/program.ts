/** The tree of verbs with what they have in common: global flags, help, where output goes. */
import { Command } from 'commander';
import type { CliIo, Outcome } from './io.ts';
import { addRouter } from './verbs/router.ts';
import { addUp } from './verbs/up.ts';
import { addVersion } from './verbs/version.ts';

/** The whole command line, ready to parse. */
export function buildProgram(io: CliIo, outcome: Outcome): Command {
  const program = new Command('drawbridge')
    .description('Short-lived, counted, revocable ways into Kubernetes for sites, people and bots.')
    .option('-n, --namespace <name>', "namespace to work in (default: the context's, else default)")
    .option('--context <name>', 'context of the kubeconfig to use')
    .option('--kubeconfig <file>', 'kubeconfig to use (default: KUBECONFIG, else a running up)')
    .option('-o, --output <format>', 'json or yaml instead of a table')
    .version(io.version, '-V, --version', 'print the version of this program')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => undefined,
    })
    .showSuggestionAfterError(true)
    .exitOverride();
  program.commandsGroup('Run:');
  addUp(program, outcome);
  addRouter(program, io, outcome);
  program.commandsGroup('About:');
  addVersion(program, io);
  return program;
}
