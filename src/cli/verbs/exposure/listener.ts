/** The listener verbs: what of them is a listener's own. */
import type { Command } from 'commander';
import { apiVersionOf } from '#kube/index.ts';
import { type Listener, listener } from '../../api/kinds.ts';
import { choiceProblems } from '../../input/name.ts';
import type { Problems } from '../../input/problems.ts';
import type { CliIo } from '../../io.ts';
import { renderListeners } from '../../output/exposures.ts';
import {
  checkExposureFlags,
  type ExposureFlags,
  givenFields,
  podNames,
  trueFields,
} from './flags.ts';
import { addExposureVerbs } from './verbs.ts';

type ListenerFlags = ExposureFlags & { readonly observer?: string };

const observers = ['auto', 'none', 'http1', 'http2'] as const;

/** Adds the verbs to their group. */
export function addListener(group: Command, io: CliIo): void {
  addExposureVerbs<Listener, ListenerFlags>(group, io, {
    of: listener,
    words: {
      create: {
        description: 'offer a service of the network at a host and port of this site',
        examples: [
          'listener create backend 8080 -n east',
          'listener create db 5432 --host 127.0.0.1 --routing-key postgres',
        ],
      },
      update: {
        description: 'change a listener; what is not given stays as it is',
        examples: ['listener update backend --port 9090'],
      },
      generate: {
        description: 'print the manifest of a listener (default -o yaml)',
        examples: ['listener generate backend 8080 > backend.yaml'],
      },
      port: 'port to listen on',
    },
    status: { none: 'No listeners found', render: renderListeners },
    withFlags: withHost,
    check: checkListenerFlags,
    manifest: (name, port, flags) => Promise.resolve(listenerManifest(name, port, flags)),
    patch: (flags) => Promise.resolve(listenerPatch(flags)),
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
