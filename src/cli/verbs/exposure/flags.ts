/** Flags that listeners and connectors both have: reading them, and the fields they set. */
import type { Command } from 'commander';
import type { GlobalFlags } from '../../input/format.ts';
import {
  choiceProblems,
  hostProblems,
  nameProblems,
  routingKeyProblems,
} from '../../input/name.ts';
import { portProblems } from '../../input/port.ts';
import type { Problems } from '../../input/problems.ts';

/** Flags that listeners and connectors both have. */
export interface ExposureFlags extends GlobalFlags {
  readonly routingKey?: string;
  readonly host?: string | undefined;
  readonly tlsCredentials?: string;
  readonly type?: string;
  readonly exposePodsByName?: boolean;
  /** Only of update. */
  readonly port?: string | undefined;
}

/** Adds the flags. */
export function withExposureFlags(command: Command): Command {
  return command
    .option('-r, --routing-key <key>', 'what listeners and connectors meet by (default: the name)')
    .option('--tls-credentials <secret>', 'Secret with certificate, key or CA')
    .option('--type <type>', 'tcp')
    .option('--expose-pods-by-name', 'pods get names of their own')
    .option('--no-expose-pods-by-name', 'pods share the name of the service')
    .allowExcessArguments(true);
}

/** Adds the flags of verbs that wait. */
export function withWaitFlags(command: Command): Command {
  return command
    .option('--timeout <duration>', 'how long to wait', '60s')
    .option('--wait <status>', 'wait for ready, configured or none', 'configured');
}

/** Notes what is wrong with the flags that were given. */
export function checkExposureFlags(problems: Problems, flags: ExposureFlags): void {
  const { routingKey, host, tlsCredentials, type, port } = flags;
  if (routingKey !== undefined) problems.add(...routingKeyProblems(routingKey));
  if (host !== undefined) problems.add(...hostProblems(host));
  if (tlsCredentials !== undefined) problems.add(...nameProblems('tls-secret', tlsCredentials));
  if (type !== undefined) problems.add(...choiceProblems('type', type, ['tcp']));
  if (port !== undefined) problems.add(...portProblems('port', port));
}

/** Name and port of create and generate. @param thing `listener` or `connector` */
export function readNameAndPort(
  problems: Problems,
  thing: string,
  args: readonly string[],
): { readonly name: string; readonly port: number } {
  const [name = '', port = ''] = args;
  if (name === '' || port === '') {
    problems.add(`${thing} name and port must be configured`);
    return { name, port: 0 };
  }
  if (args.length > 2) problems.add('only two arguments are allowed for this command');
  problems.add(...nameProblems(`${thing} name`, name), ...portProblems(`${thing} port`, port));
  return { name, port: Number(port) };
}

/** Fields of the spec that were given, for create and as a merge patch for update. */
export function givenFields(flags: ExposureFlags): Record<string, unknown> {
  const { routingKey, host, tlsCredentials, type, port } = flags;
  return {
    ...(routingKey === undefined ? {} : { routingKey }),
    ...(host === undefined ? {} : { host }),
    ...(tlsCredentials === undefined ? {} : { tlsCredentials }),
    ...(type === undefined ? {} : { type }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

/** The field for pods, when it was given. */
export function podNames({ exposePodsByName }: ExposureFlags): Record<string, boolean> {
  return exposePodsByName === undefined ? {} : { exposePodsByName };
}

/** Switches that are on; in a new object the others are off anyway. */
export function trueFields(switches: Readonly<Record<string, boolean>>): Record<string, boolean> {
  return Object.fromEntries(Object.entries(switches).filter(([, on]) => on));
}
