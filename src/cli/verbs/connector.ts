/** `connector`: flags, help and output of the connector verbs. */
import type { Command } from 'commander';
import { apiVersionOf } from '#kube/index.ts';
import { type Connector, connector } from '../api/kinds.ts';
import { type Session, withSession } from '../api/session.ts';
import { settle } from '../deeds/change.ts';
import { createExposure, tlsNeeded, updateExposure } from '../deeds/exposure.ts';
import { parseWorkload, workloadSelector } from '../deeds/workload.ts';
import { requiredName } from '../input/arguments.ts';
import { readFormat } from '../input/format.ts';
import { selectorProblems } from '../input/selector.ts';
import { Problems } from '../input/problems.ts';
import { readWaiting } from '../input/waiting.ts';
import type { CliIo } from '../io.ts';
import { announce } from '../output/announce.ts';
import { renderConnectors } from '../output/exposures.ts';
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

interface ConnectorFlags extends ExposureFlags {
  readonly selector?: string;
  readonly workload?: string;
  readonly includeNotReady?: boolean;
  readonly useClientCert?: boolean;
  readonly verifyHostname?: boolean;
}

type WaitingFlags = ConnectorFlags & { readonly timeout: string; readonly wait: string };

/** Adds the verbs to their group. */
export function addConnector(group: Command, io: CliIo): void {
  addCreate(group, io);
  addUpdate(group, io);
  addStatus(group, io, connector, { none: 'No connectors found', render: renderConnectors });
  addDelete(group, io, connector, (name) => `Connector "${name}" deleted`);
  addGenerate(group, io);
}

function addCreate(group: Command, io: CliIo): void {
  withWaitFlags(withTarget(withExposureFlags(group.command('create [name] [port]'))))
    .description('offer what answers at a host or in pods to the network')
    .addHelpText(
      'after',
      `
Examples:
  drawbridge connector create backend 8080 --host 127.0.0.1 -n west
  drawbridge connector create backend 8080 --workload deployment/backend
  drawbridge connector create backend 8080 --selector app=backend,tier=api`,
    )
    .action(async (_name: unknown, _port: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<WaitingFlags>();
      const problems = new Problems();
      const { name, port } = readNameAndPort(problems, 'connector', command.args);
      checkConnectorFlags(problems, flags);
      checkTlsFlags(problems, flags);
      const waiting = readWaiting(problems, flags);
      problems.throwIfAny("see 'drawbridge connector create --help'");
      const format = readFormat(flags);
      await withSession(io, flags, async (session) => {
        const target = await targetOf(session, flags);
        const manifest = connectorManifest(name, port, flags, target);
        const made = await createExposure(session, connector, manifest, flags.tlsCredentials);
        const settled = (await settle(session, connector, name, waiting)) ?? made;
        const state = waiting.goal === 'none' ? 'created' : waiting.goal;
        announce(io, format, settled, `Connector "${name}" is ${state}.`);
      });
    });
}

function addUpdate(group: Command, io: CliIo): void {
  withWaitFlags(withTarget(withExposureFlags(group.command('update [name]'))))
    .description('change a connector; what is not given stays as it is')
    .option('--port <port>', 'port of the service')
    .addHelpText('after', '\nExamples:\n  drawbridge connector update backend --host 10.0.0.7')
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<WaitingFlags>();
      const problems = new Problems();
      const name = requiredName(problems, 'connector', command.args);
      checkConnectorFlags(problems, flags);
      const waiting = readWaiting(problems, flags);
      problems.throwIfAny("see 'drawbridge connector update --help'");
      const format = readFormat(flags);
      await withSession(io, flags, async (session) => {
        const spec = connectorPatch(flags, await targetOf(session, flags));
        const changed = await updateExposure(session, connector, name, spec);
        const settled = (await settle(session, connector, name, waiting)) ?? changed;
        announce(io, format, settled, `Connector "${name}" is updated`);
      });
    });
}

function addGenerate(group: Command, io: CliIo): void {
  withTarget(withExposureFlags(group.command('generate [name] [port]')))
    .description('print the manifest of a connector (default -o yaml)')
    .addHelpText('after', '\nExamples:\n  drawbridge connector generate db 5432 --host db.local')
    .action(async (_name: unknown, _port: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ConnectorFlags>();
      const problems = new Problems();
      const { name, port } = readNameAndPort(problems, 'connector', command.args);
      checkConnectorFlags(problems, flags);
      checkTlsFlags(problems, flags);
      problems.throwIfAny("see 'drawbridge connector generate --help'");
      const format = readFormat(flags, 'yaml') === 'json' ? 'json' : 'yaml';
      const target =
        flags.workload === undefined
          ? givenTarget(flags)
          : await withSession(io, flags, (session) => targetOf(session, flags));
      const manifest = connectorManifest(name, port, flags, target);
      io.stdout.write(renderManifests([inNamespace(manifest, flags.namespace)], format));
    });
}

function withTarget(command: Command): Command {
  return command
    .option('--host <host>', 'name or IP address of the service')
    .option('--selector <labels>', 'labels of the pods (default: app=NAME)')
    .option('--workload <type/name>', 'deployment, service, daemonset or statefulset')
    .option('--include-not-ready', 'also pods that are not ready')
    .option('--no-include-not-ready', 'only pods that are ready')
    .option('--use-client-cert', 'show the certificate of --tls-credentials to the server')
    .option('--no-use-client-cert', 'show the server no certificate')
    .option('--verify-hostname', "the host must be in the server's certificate")
    .option('--no-verify-hostname', 'any certificate of the CA will do');
}

/** Where a connector leads; empty when the command line does not say. */
type Target = { readonly host?: string; readonly selector?: string };

function givenTarget({ host, selector }: ConnectorFlags): Target {
  return {
    ...(host === undefined ? {} : { host }),
    ...(selector === undefined ? {} : { selector }),
  };
}

async function targetOf(session: Session, flags: ConnectorFlags): Promise<Target> {
  if (flags.workload === undefined) return givenTarget(flags);
  return { selector: await workloadSelector(session, flags.workload) };
}

/** The manifest of a connector; the routing key is the name and the pods have app=NAME unless given. */
export function connectorManifest(
  name: string,
  port: number,
  flags: ConnectorFlags,
  target: Target,
): Connector {
  const where = Object.keys(target).length === 0 ? { selector: `app=${name}` } : target;
  return {
    apiVersion: apiVersionOf(connector),
    kind: connector.kind,
    metadata: { name },
    spec: {
      routingKey: name,
      port,
      type: 'tcp',
      ...givenFields({ ...flags, host: undefined, port: undefined }),
      ...where,
      ...trueFields(switchesOf(flags)),
    },
  };
}

/** The merge patch of an update: a new kind of target takes the place of the old one. */
export function connectorPatch(flags: ConnectorFlags, target: Target): Record<string, unknown> {
  const where =
    target.host !== undefined
      ? { host: target.host, selector: null }
      : target.selector !== undefined
        ? { selector: target.selector, host: null }
        : {};
  return {
    ...givenFields({ ...flags, host: undefined }),
    ...where,
    ...switchesOf(flags),
  };
}

/** Fields that are on or off, as far as they were given. */
function switchesOf(flags: ConnectorFlags): Record<string, boolean> {
  const { includeNotReady, useClientCert, verifyHostname } = flags;
  return {
    ...(includeNotReady === undefined ? {} : { includeNotReadyPods: includeNotReady }),
    ...(useClientCert === undefined ? {} : { useClientCert }),
    ...(verifyHostname === undefined ? {} : { verifyHostname }),
    ...podNames(flags),
  };
}

/** Asking for TLS without credentials would mean none at all. */
function checkTlsFlags(problems: Problems, flags: ConnectorFlags): void {
  const { useClientCert = false, verifyHostname = false, tlsCredentials = '' } = flags;
  if ((useClientCert || verifyHostname) && tlsCredentials === '') problems.add(tlsNeeded);
}

/** Notes what is wrong with the flags that were given, also with their combination. */
export function checkConnectorFlags(problems: Problems, flags: ConnectorFlags): void {
  checkExposureFlags(problems, flags);
  const { host, selector, workload } = flags;
  if (host !== undefined && (selector !== undefined || workload !== undefined)) {
    problems.add('If host is configured, cannot configure workload or selector');
  }
  if (selector !== undefined && (host !== undefined || workload !== undefined)) {
    problems.add('If selector is configured, cannot configure workload or host');
  }
  if (workload !== undefined && (host !== undefined || selector !== undefined)) {
    problems.add('If workload is configured, cannot configure selector or host');
  }
  if (selector !== undefined) problems.add(...selectorProblems(selector));
  if (workload !== undefined) {
    const parsed = parseWorkload(workload);
    if ('problem' in parsed) problems.add(parsed.problem);
  }
}
