/** `listener`: flags, help and output of the listener verbs. */
import type { Command } from 'commander';
import { apiVersionOf } from '#kube/index.ts';
import { type Listener, listener } from '../api/kinds.ts';
import { withSession } from '../api/session.ts';
import { settle } from '../deeds/change.ts';
import { createExposure, updateExposure } from '../deeds/exposure.ts';
import { requiredName } from '../input/arguments.ts';
import { readFormat } from '../input/format.ts';
import { choiceProblems } from '../input/name.ts';
import { Problems } from '../input/problems.ts';
import { readWaiting } from '../input/waiting.ts';
import type { CliIo } from '../io.ts';
import { announce } from '../output/announce.ts';
import { renderListeners } from '../output/exposures.ts';
import { inNamespace, renderManifests } from '../output/objects.ts';
import {
  addDelete,
  addStatus,
  checkExposureFlags,
  type ExposureFlags,
  givenFields,
  podNames,
  readNameAndPort,
  trueFields,
  withExposureFlags,
  withWaitFlags,
} from './exposure.ts';

type ListenerFlags = ExposureFlags & { readonly observer?: string };
type WaitingFlags = ListenerFlags & { readonly timeout: string; readonly wait: string };

const observers = ['auto', 'none', 'http1', 'http2'] as const;

/** Adds the verbs to their group. */
export function addListener(group: Command, io: CliIo): void {
  addCreate(group, io);
  addUpdate(group, io);
  addStatus(group, io, listener, { none: 'No listeners found', render: renderListeners });
  addDelete(group, io, listener, (name) => `Listener "${name}" deleted`);
  addGenerate(group, io);
}

function addCreate(group: Command, io: CliIo): void {
  withWaitFlags(withHost(withExposureFlags(group.command('create [name] [port]'))))
    .description('offer a service of the network at a host and port of this site')
    .addHelpText(
      'after',
      `
Examples:
  drawbridge listener create backend 8080 -n east
  drawbridge listener create db 5432 --host 127.0.0.1 --routing-key postgres`,
    )
    .action(async (_name: unknown, _port: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<WaitingFlags>();
      const problems = new Problems();
      const { name, port } = readNameAndPort(problems, 'listener', command.args);
      checkListenerFlags(problems, flags);
      const waiting = readWaiting(problems, flags);
      problems.throwIfAny("see 'drawbridge listener create --help'");
      const format = readFormat(flags);
      await withSession(io, flags, async (session) => {
        const manifest = listenerManifest(name, port, flags);
        const made = await createExposure(session, listener, manifest, flags.tlsCredentials);
        const settled = (await settle(session, listener, name, waiting)) ?? made;
        const state = waiting.goal === 'none' ? 'created' : waiting.goal;
        announce(io, format, settled, `Listener "${name}" is ${state}.`);
      });
    });
}

function addUpdate(group: Command, io: CliIo): void {
  withWaitFlags(withHost(withExposureFlags(group.command('update [name]'))))
    .description('change a listener; what is not given stays as it is')
    .option('--port <port>', 'port to listen on')
    .addHelpText('after', '\nExamples:\n  drawbridge listener update backend --port 9090')
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<WaitingFlags>();
      const problems = new Problems();
      const name = requiredName(problems, 'listener', command.args);
      checkListenerFlags(problems, flags);
      const waiting = readWaiting(problems, flags);
      problems.throwIfAny("see 'drawbridge listener update --help'");
      const format = readFormat(flags);
      await withSession(io, flags, async (session) => {
        const changed = await updateExposure(session, listener, name, listenerPatch(flags));
        const settled = (await settle(session, listener, name, waiting)) ?? changed;
        announce(io, format, settled, `Listener "${name}" is updated`);
      });
    });
}

function addGenerate(group: Command, io: CliIo): void {
  withHost(withExposureFlags(group.command('generate [name] [port]')))
    .description('print the manifest of a listener (default -o yaml)')
    .addHelpText('after', '\nExamples:\n  drawbridge listener generate backend 8080 > backend.yaml')
    .action((_name: unknown, _port: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ListenerFlags>();
      const problems = new Problems();
      const { name, port } = readNameAndPort(problems, 'listener', command.args);
      checkListenerFlags(problems, flags);
      problems.throwIfAny("see 'drawbridge listener generate --help'");
      const format = readFormat(flags, 'yaml') === 'json' ? 'json' : 'yaml';
      const manifest = inNamespace(listenerManifest(name, port, flags), flags.namespace);
      io.stdout.write(renderManifests([manifest], format));
    });
}

function withHost(command: Command): Command {
  return command
    .option('--host <host>', 'name or IP address to listen at (default: the name)')
    .option('--observer <protocol>', `what to make of the bytes: ${observers.join(', ')}`);
}

function checkListenerFlags(problems: Problems, flags: ListenerFlags): void {
  checkExposureFlags(problems, flags);
  const { observer } = flags;
  if (observer !== undefined) problems.add(...choiceProblems('observer', observer, observers));
}

/** The merge patch of an update. */
export function listenerPatch(flags: ListenerFlags): Record<string, unknown> {
  const { observer } = flags;
  return {
    ...givenFields(flags),
    ...podNames(flags),
    ...(observer === undefined ? {} : { observer }),
  };
}

/** The manifest of a listener; routing key and host are the name unless given. */
export function listenerManifest(name: string, port: number, flags: ListenerFlags): Listener {
  const { observer } = flags;
  const given = { ...flags, port: undefined };
  return {
    apiVersion: apiVersionOf(listener),
    kind: listener.kind,
    metadata: { name },
    spec: {
      routingKey: name,
      host: name,
      port,
      type: 'tcp',
      ...givenFields(given),
      ...trueFields(podNames(flags)),
      ...(observer === undefined ? {} : { observer: observer as (typeof observers)[number] }),
    },
  };
}
