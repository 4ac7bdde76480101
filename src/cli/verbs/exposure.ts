/** What the verbs of listener and connector share: flags, reading them, status and delete. */
import type { Command } from 'commander';
import type { KubeObject, ResourceDefinition } from '#kube/index.ts';
import { type Session, withSession } from '../api/session.ts';
import { remove } from '../deeds/change.ts';
import { lookUp, mustExist } from '../deeds/exposure.ts';
import { optionalName, requiredName } from '../input/arguments.ts';
import { readDuration } from '../input/duration.ts';
import { type GlobalFlags, readFormat } from '../input/format.ts';
import { choiceProblems, hostProblems, nameProblems, routingKeyProblems } from '../input/name.ts';
import { portProblems } from '../input/port.ts';
import { Problems } from '../input/problems.ts';
import type { CliIo } from '../io.ts';
import { renderList, renderObject } from '../output/objects.ts';

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

const timeoutMsMin = 10_000;

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

/** How the status of a kind is shown. */
export interface StatusView<T> {
  /** Said when there is none. */
  readonly none: string;
  readonly render: (objects: readonly T[]) => string;
}

/** Adds `status [name]`. */
export function addStatus<T extends KubeObject>(
  group: Command,
  io: CliIo,
  of: ResourceDefinition<T>,
  view: StatusView<T>,
): void {
  const thing = of.singular;
  group
    .command('status [name]')
    .description(`show one ${thing} or all of the namespace`)
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `\nExamples:\n  drawbridge ${thing} status\n  drawbridge ${thing} status NAME -o yaml`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags>();
      const problems = new Problems();
      const name = optionalName(problems, thing, command.args);
      problems.throwIfAny(`see 'drawbridge ${thing} status --help'`);
      const format = readFormat(flags);
      const found = await withSession(io, flags, (session) => lookUp(session, of, name));
      const [only] = found;
      if (format === 'table') {
        if (only === undefined) io.stderr.write(`${view.none}\n`);
        else io.stdout.write(view.render(found));
      } else if (name !== undefined && only !== undefined) {
        io.stdout.write(renderObject(only, format));
      } else io.stdout.write(renderList(found, format));
    });
}

/** Removes the object of that name, if it is there, and waits for at most `timeoutMs`. */
type Removal = (session: Session, name: string, timeoutMs: number) => Promise<void>;

/**
 * Adds `delete <name>`.
 * @param sentence said when it is done
 * @param removal how; undefined: the object and nothing else
 */
export function addDelete(
  group: Command,
  io: CliIo,
  of: ResourceDefinition,
  sentence: (name: string) => string,
  removal: Removal = async (session, name, timeoutMs) => {
    await mustExist(session, of, name);
    await remove(session, of, name, timeoutMs);
  },
): void {
  const thing = of.singular;
  group
    .command('delete [name]')
    .description(`remove a ${thing}`)
    .option('--timeout <duration>', 'how long to wait', '60s')
    .option('--wait', 'wait until it is gone (default)', true)
    .option('--no-wait', 'do not wait')
    .allowExcessArguments(true)
    .addHelpText('after', `\nExamples:\n  drawbridge ${thing} delete NAME`)
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags & { timeout: string; wait: boolean }>();
      const problems = new Problems();
      const name = requiredName(problems, thing, command.args);
      const timeoutMs = problems.take(readDuration('timeout', flags.timeout, timeoutMsMin)) ?? 0;
      problems.throwIfAny(`see 'drawbridge ${thing} delete --help'`);
      await withSession(io, flags, (session) => removal(session, name, flags.wait ? timeoutMs : 0));
      io.stdout.write(`${sentence(name)}\n`);
    });
}
