/** `router`: the router of one site, as the controllers start it. The running itself is app's. */
import type { Command } from 'commander';
import { refuseGlobals } from '../input/format.ts';
import type { CliIo, Outcome } from '../io.ts';

interface RouterFlags {
  readonly config: string;
  readonly exitWithStdin: boolean;
}

const help = `
The file is a configuration as skupper-router reads it (JSON). SKUPPER_SITE_ID, SKUPPER_SITE_NAME
and SKUPPER_NAMESPACE tell which site it serves. Log lines are JSON on standard error.

Examples:
  drawbridge router --config router.json`;

/** Adds the verb to the program. */
export function addRouter(program: Command, io: CliIo, outcome: Outcome): void {
  program
    .command('router')
    .description('run the router of one site')
    .requiredOption('--config <file>', 'configuration file')
    .option('--exit-with-stdin', 'stop when standard input ends', false)
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', help)
    .action(async (flags: RouterFlags, command: Command) => {
      refuseGlobals('router', command.optsWithGlobals());
      const { runRouter } = await import('#app/index.ts');
      outcome.exitCode = await runRouter({
        configPath: flags.config,
        exitWithStdin: flags.exitWithStdin,
        env: io.env,
      });
    });
}
