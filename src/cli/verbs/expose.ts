/** `expose`: offer a workload, a Service or a host to the network, as in Skupper v1. */
import type { Command } from 'commander';
import { connector, listener } from '../api/kinds.ts';
import { withSession } from '../api/session.ts';
import { settle } from '../deeds/change.ts';
import { expose, type Exposure, targetTypes } from '../deeds/expose.ts';
import { targetArguments } from '../input/arguments.ts';
import { type GlobalFlags, readFormat } from '../input/format.ts';
import { choiceProblems, hostProblems, nameProblems } from '../input/name.ts';
import { portProblems } from '../input/port.ts';
import { Problems } from '../input/problems.ts';
import { readWaiting } from '../input/waiting.ts';
import type { CliIo } from '../io.ts';
import { renderList } from '../output/objects.ts';
import { withWaitFlags } from './exposure/flags.ts';

interface ExposeFlags extends GlobalFlags {
  readonly port?: string;
  readonly targetPort?: string;
  readonly address?: string;
  readonly host?: string;
  readonly protocol: string;
  readonly tlsCert?: string;
  readonly tlsTrust?: string;
  readonly listener: boolean;
  readonly timeout: string;
  readonly wait: string;
}

/** Makes the command. */
export function addExposeVerb(verb: Command, io: CliIo): void {
  withWaitFlags(withFlags(verb))
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Makes a Connector to the target and a Listener of the same name here. Other sites get theirs with
'drawbridge listener create ADDRESS PORT'.

Examples:
  drawbridge expose deployment backend --port 8080
  drawbridge expose service db --address postgres --port 5432
  drawbridge expose host 127.0.0.1 --address web --port 8080 --target-port 8000 -n west
  drawbridge expose deployment backend --port 8443 --tls-cert backend-tls --tls-trust backend-ca`,
    )
    .action(async (_type: unknown, _target: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ExposeFlags>();
      const problems = new Problems();
      const wish = readWish(problems, command.args, flags);
      const waiting = readWaiting(problems, flags);
      problems.throwIfAny("see 'drawbridge expose --help'");
      const format = readFormat(flags);
      await withSession(io, flags, async (session) => {
        const made = await expose(session, wish);
        const { address } = wish;
        const offered = (await settle(session, connector, address, waiting)) ?? made.connector;
        const here =
          made.listener && ((await settle(session, listener, address, waiting)) ?? made.listener);
        if (format !== 'table') {
          io.stdout.write(renderList(here === undefined ? [offered] : [offered, here], format));
          return;
        }
        io.stdout.write(`${wish.type} ${wish.target} exposed as ${address}\n`);
      });
    });
}

function withFlags(verb: Command): Command {
  return verb
    .argument('[type]', targetTypes.join(', '))
    .argument('[target]', 'name of the target; for host a name or an IP address')
    .option('--port <port>', 'port of the service')
    .option('--target-port <port>', 'port of the target (default: that of the service)')
    .option('--address <name>', 'name of the service in the network (default: the target)')
    .option('--host <host>', 'name or IP address to listen at here (default: the address)')
    .option('--protocol <protocol>', 'tcp', 'tcp')
    .option('--tls-cert <secret>', 'Secret with certificate and key, for clients here')
    .option('--tls-trust <secret>', 'Secret with the CA of the target, which speaks TLS')
    .option('--no-listener', 'make no listener here');
}

function readWish(problems: Problems, args: readonly string[], flags: ExposeFlags): Exposure {
  const [given, target] = targetArguments(problems, args);
  const type = targetTypes.find((each) => each === given);
  if (given !== '' && target !== '' && type === undefined) {
    problems.add(...choiceProblems('target type', given, targetTypes));
  }
  if (target !== '') {
    problems.add(...(type === 'host' ? hostProblems(target) : nameProblems('target name', target)));
  }
  const { port, targetPort, tlsCert, tlsTrust, protocol } = flags;
  if (port === undefined) problems.add('--port must be given');
  else problems.add(...portProblems('port', port));
  if (targetPort !== undefined) problems.add(...portProblems('target port', targetPort));
  problems.add(...choiceProblems('protocol', protocol, ['tcp']));
  if (type === 'host' && flags.address === undefined) {
    problems.add("--address must be given for target type 'host'");
  }
  const address = flags.address ?? target;
  if (flags.address !== undefined) problems.add(...nameProblems('address', flags.address));
  if (tlsCert !== undefined) problems.add(...nameProblems('--tls-cert', tlsCert));
  if (tlsTrust !== undefined) problems.add(...nameProblems('--tls-trust', tlsTrust));
  return {
    type: type ?? 'host',
    target,
    address,
    port: Number(port),
    targetPort: Number(targetPort ?? port),
    host: listenerHost(problems, type, target, address, flags),
    tlsCert,
    tlsTrust,
  };
}

/** Where to listen. A Service that is exposed under its own name has its name already. */
function listenerHost(
  problems: Problems,
  type: Exposure['type'] | undefined,
  target: string,
  address: string,
  flags: ExposeFlags,
): string | undefined {
  const { host } = flags;
  if (host !== undefined) problems.add(...hostProblems(host));
  const isNeeded = flags.listener && !(type === 'service' && (host ?? address) === target);
  if (isNeeded) return host ?? address;
  if (!flags.listener && (host !== undefined || flags.tlsCert !== undefined)) {
    problems.add('--host and --tls-cert are for the listener: leave out --no-listener');
  }
  return undefined;
}
