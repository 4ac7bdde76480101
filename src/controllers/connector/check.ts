/** What a Connector amounts to: a tcpConnector of the router, or the reason why not. */
import type { Connector, Secret } from '../kinds.ts';
import { messages } from '../names.ts';
import { checkCredentials } from '../router-config/check-credentials.ts';
import type { ConnectorInput } from '../router-config/entities.ts';

export interface ConnectorSurroundings {
  readonly secret: (name: string) => Secret | undefined;
}

export type ConnectorCheck =
  | { readonly ok: true; readonly connector: ConnectorInput }
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
  if (host === '') {
    return problem(
      `${messages.noMatchesForSelector}: there are no pods on this machine, use spec.host`,
    );
  }
  const { useClientCert = false } = spec;
  const fault = checkCredentials(surroundings, tlsCredentials, {
    authority: true,
    certificate: useClientCert,
  });
  if (fault !== undefined) return problem(fault);
  return {
    ok: true,
    connector: {
      name: connector.metadata.name,
      host,
      port: spec.port,
      address: spec.routingKey,
      secret: tlsCredentials === '' ? undefined : tlsCredentials,
      useClientCert,
      verifyHostname: spec.verifyHostname ?? false,
    },
  };
}

function problem(text: string): ConnectorCheck {
  return { ok: false, problem: text };
}
