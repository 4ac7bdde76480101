/** The connector verbs: what of them is a connector's own. */
import type { Command } from 'commander';
import { apiVersionOf } from '#kube/index.ts';
import { type Connector, connector } from '../../api/kinds.ts';
import { tlsNeeded } from '../../deeds/exposure.ts';
import { parseWorkload, workloadSelector } from '../../deeds/workload.ts';
import type { Problems } from '../../input/problems.ts';
import { selectorProblems } from '../../input/selector.ts';
import type { CliIo } from '../../io.ts';
import { renderConnectors } from '../../output/exposures.ts';
import {
  checkExposureFlags,
  type ExposureFlags,
  givenFields,
  podNames,
  trueFields,
} from './flags.ts';
import { addExposureVerbs, type Ask } from './verbs.ts';

interface ConnectorFlags extends ExposureFlags {
  readonly selector?: string;
  readonly workload?: string;
  readonly includeNotReady?: boolean;
  readonly useClientCert?: boolean;
  readonly verifyHostname?: boolean;
}

/** Adds the verbs to their group. */
export function addConnector(group: Command, io: CliIo): void {
  addExposureVerbs<Connector, ConnectorFlags>(group, io, {
    of: connector,
    words: {
      create: {
        description: 'offer what answers at a host or in pods to the network',
        examples: [
          'connector create backend 8080 --host 127.0.0.1 -n west',
          'connector create backend 8080 --workload deployment/backend',
          'connector create backend 8080 --selector app=backend,tier=api',
        ],
      },
      update: {
        description: 'change a connector; what is not given stays as it is',
        examples: ['connector update backend --host 10.0.0.7'],
      },
      generate: {
        description: 'print the manifest of a connector (default -o yaml)',
        examples: ['connector generate db 5432 --host db.local'],
      },
      port: 'port of the service',
    },
    status: { none: 'No connectors found', render: renderConnectors },
    withFlags: withTarget,
    check: checkConnectorFlags,
    checkNew: checkTlsFlags,
    manifest: async (name, port, flags, ask) =>
      connectorManifest(name, port, flags, await targetOf(flags, ask)),
    patch: async (flags, ask) => connectorPatch(flags, await targetOf(flags, ask)),
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

async function targetOf(flags: ConnectorFlags, ask: Ask): Promise<Target> {
  const { workload } = flags;
  if (workload === undefined) return givenTarget(flags);
  return { selector: await ask((session) => workloadSelector(session, workload)) };
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
