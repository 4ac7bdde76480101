/** `up`: everything on this machine, in the foreground. The running itself is app's. */
import { isIP } from 'node:net';
import type { Command } from 'commander';
import { usageError } from '../errors.ts';
import { portProblems } from '../input/port.ts';
import { refuseGlobals } from '../input/format.ts';
import type { CliIo, Outcome } from '../io.ts';

interface UpFlags {
  readonly data?: string;
  readonly listen: string;
  readonly apiPort: string;
  readonly gatewayPort: string;
  readonly grantPort: string;
  readonly metricsPort: string;
  readonly advertise?: string;
  readonly readyFile?: string;
  readonly auditLog?: string;
  readonly auditLevel: string;
  readonly demo: boolean;
}

const help = `
Examples:
  drawbridge up --demo                  two linked sites and a service to try, in a moment
  drawbridge up                         an empty API of your own, kept in --data
  drawbridge up --listen 0.0.0.0 --advertise edge-7.example.com

Ctrl-C stops everything it started.`;

/** Adds the verb to the program. */
export function addUp(program: Command, io: CliIo, outcome: Outcome): void {
  program
    .command('up')
    .description('run the API, controllers, grant server, gateway and routers on this machine')
    .option('--data <dir>', 'database, keys and kubeconfig (default: XDG data home drawbridge/)')
    .option('--listen <address>', 'IP address to listen on', '127.0.0.1')
    .option('--api-port <port>', 'port of the API server, 0 for any free', '6440')
    .option('--gateway-port <port>', 'port of the access gateway, 0 for any free one', '8443')
    .option('--grant-port <port>', 'port of the grant server, 0 for any free', '9090')
    .option('--metrics-port <port>', 'port of metrics and health, 0 for any free', '9000')
    .option('--advertise <host>', 'host name others use to come here (default: --listen)')
    .option('--ready-file <file>', 'written when everything serves, removed on exit')
    .option('--audit-log <file>', 'append a JSON line for each request of the Kubernetes API')
    .option(
      '--audit-level <level>',
      'Metadata, or Request for contents that are no secret',
      'Metadata',
    )
    .option('--demo', 'set up two linked sites with a service, in a temporary --data', false)
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', help)
    .action(async (flags: UpFlags, command: Command) => {
      refuseGlobals('up', command.optsWithGlobals());
      const options = readUpFlags(flags);
      const { runUp } = await import('#app/index.ts');
      outcome.exitCode = await runUp(options);
    });
}

/** The flags as values. @throws CliError CLI_USAGE naming everything that is wrong */
export function readUpFlags(flags: UpFlags) {
  const problems = [
    ...portProblems('--api-port', flags.apiPort, 0),
    ...portProblems('--gateway-port', flags.gatewayPort, 0),
    ...portProblems('--grant-port', flags.grantPort, 0),
    ...portProblems('--metrics-port', flags.metricsPort, 0),
    ...addressProblems(flags.listen),
    ...advertiseProblems(flags.advertise),
  ];
  if (flags.data === '') problems.push('--data is not valid: it is empty');
  if (flags.auditLog === '') problems.push('--audit-log is not valid: it is empty');
  const level = auditLevelOf(flags.auditLevel);
  if (level === undefined) problems.push('--audit-level is not valid: choose Metadata or Request');
  if (level === 'Request' && flags.auditLog === undefined) {
    problems.push('--audit-level needs --audit-log, the file to write to');
  }
  if (flags.readyFile === '') problems.push('--ready-file is not valid: it is empty');
  if (problems.length > 0) throw usageError(problems, "see 'drawbridge up --help'");
  return {
    listen: flags.listen,
    apiPort: Number(flags.apiPort),
    gatewayPort: Number(flags.gatewayPort),
    grantPort: Number(flags.grantPort),
    metricsPort: Number(flags.metricsPort),
    demo: flags.demo,
    ...(flags.data === undefined ? {} : { data: flags.data }),
    ...(flags.advertise === undefined ? {} : { advertise: flags.advertise }),
    ...(flags.readyFile === undefined ? {} : { readyFile: flags.readyFile }),
    ...(flags.auditLog === undefined ? {} : { auditLog: flags.auditLog }),
    ...(level === undefined ? {} : { auditLevel: level }),
  };
}

function auditLevelOf(text: string): 'Metadata' | 'Request' | undefined {
  return text === 'Metadata' || text === 'Request' ? text : undefined;
}

function addressProblems(listen: string): string[] {
  return isIP(listen) === 0 ? [`--listen is not valid: "${listen}" is not an IP address`] : [];
}

function advertiseProblems(advertise: string | undefined): string[] {
  if (advertise === undefined || isIP(advertise) !== 0) return [];
  const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/i;
  const valid = advertise.length <= 253 && advertise.split('.').every((part) => label.test(part));
  return valid ? [] : [`--advertise is not valid: "${advertise}" is not a host name or IP address`];
}
