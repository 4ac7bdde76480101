/** What a Connector amounts to: tcpConnectors of the router, or the reason why not. */
import type { Connector, Secret } from '../kinds.ts';
import { messages } from '../names.ts';
import { checkCredentials } from '../router-config/check-credentials.ts';
import type { ConnectorInput } from '../router-config/entities.ts';
import type { SitePod } from '../runtime.ts';
import { choosePods, podConnectors } from './choose-pods.ts';

export interface ConnectorSurroundings {
  readonly secret: (name: string) => Secret | undefined;
  /** Those of its namespace that run; undefined where there can be none. */
  readonly pods: readonly SitePod[] | undefined;
}

export type ConnectorCheck =
  | {
      readonly ok: true;
      readonly connectors: readonly ConnectorInput[];
      /** The pods that its selector means; empty for one with a host. */
      readonly pods: readonly SitePod[];
    }
  | { readonly ok: false; readonly problem: string };

export function checkConnector(
  connector: Connector,
  surroundings: ConnectorSurroundings,
): ConnectorCheck {
  const spec = connector.spec ?? { routingKey: '', port: 0 };
  const { host = '', selector = '', type = '', tlsCredentials = '' } = spec;
  if (type !== '' && type !== 'tcp') return problem(messages.unsupportedType(type));
  if (host === '' && selector === '') {
    return problem('Connector must define a non-empty spec.host or spec.selector');
  }
  if (spec.port < 1 || spec.port > 65_535) return problem(messages.invalidPort(spec.port));
  const { useClientCert = false } = spec;
  const fault = checkCredentials(surroundings, tlsCredentials, {
    authority: true,
    certificate: useClientCert,
  });
  if (fault !== undefined) return problem(fault);
  const shared = {
    name: connector.metadata.name,
    port: spec.port,
    address: spec.routingKey,
    secret: tlsCredentials === '' ? undefined : tlsCredentials,
    useClientCert,
    verifyHostname: spec.verifyHostname ?? false,
  };
  if (host !== '') {
    return { ok: true, connectors: [{ ...shared, host }], pods: [] };
  }
  const wish = { selector, includeNotReady: spec.includeNotReadyPods === true };
  const choice = choosePods(wish, surroundings.pods);
  if (!choice.ok) return choice;
  const { pods } = choice;
  return {
    ok: true,
    connectors: podConnectors(shared, pods, spec.exposePodsByName === true),
    pods,
  };
}

function problem(text: string): ConnectorCheck {
  return { ok: false, problem: text };
}
