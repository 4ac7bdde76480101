/**
 * Which AttachedConnector and AttachedConnectorBinding belong together, and what is wrong where they
 * do not. They have the same name, and each names the namespace of the other. Pure.
 */
import type { AttachedConnector, AttachedConnectorBinding, Secret } from '../kinds.ts';
import { choosePods, podConnectors, problemOfSelector } from '../connector/choose-pods.ts';
import { messages } from '../names.ts';
import { checkCredentials } from '../router-config/check-credentials.ts';
import type { ConnectorInput } from '../router-config/entities.ts';
import type { SitePod } from '../runtime.ts';

/** What decides about the pairs of one name. */
export interface AttachedSurroundings {
  /** All of the name, in all namespaces. */
  readonly connectors: readonly AttachedConnector[];
  readonly bindings: readonly AttachedConnectorBinding[];
  readonly hasSite: (namespace: string) => boolean;
  readonly secret: (namespace: string, name: string) => Secret | undefined;
  /** Pods of a namespace that run; undefined where there can be none. */
  readonly pods: (namespace: string) => readonly SitePod[] | undefined;
}

export type AttachedCheck =
  | { readonly ok: true; readonly pods: readonly SitePod[] }
  | { readonly ok: false; readonly problem: string };

/** The pods of a connector, when they can be served; otherwise what is wrong. */
export function checkAttached(
  connector: AttachedConnector,
  surroundings: AttachedSurroundings,
): AttachedCheck {
  const { siteNamespace = '', tlsCredentials = '', useClientCert = false } = connector.spec ?? {};
  const secrets = { secret: (name: string) => surroundings.secret(siteNamespace, name) };
  const problem =
    problemOfSpec(connector) ??
    problemOfBinding(connector, surroundings.bindings) ??
    (surroundings.hasSite(siteNamespace) ? undefined : messages.noActiveSite) ??
    checkCredentials(secrets, tlsCredentials, { authority: true, certificate: useClientCert });
  if (problem !== undefined) return { ok: false, problem };
  const { selector = '', includeNotReadyPods: includeNotReady = false } = connector.spec ?? {};
  return choosePods(
    { selector, includeNotReady },
    surroundings.pods(connector.metadata.namespace ?? ''),
  );
}

/** The connector that a binding is meant for. */
function connectorOf(
  binding: AttachedConnectorBinding,
  { connectors }: AttachedSurroundings,
): AttachedConnector | undefined {
  return connectors.find(
    ({ metadata, spec }) =>
      metadata.name === binding.metadata.name &&
      metadata.namespace === binding.spec?.connectorNamespace &&
      spec?.siteNamespace === binding.metadata.namespace,
  );
}

/** The same for a binding. */
export function checkBinding(
  binding: AttachedConnectorBinding,
  surroundings: AttachedSurroundings,
): AttachedCheck {
  if (!surroundings.hasSite(binding.metadata.namespace ?? '')) {
    return { ok: false, problem: messages.noActiveSite };
  }
  const connector = connectorOf(binding, surroundings);
  if (connector === undefined) return { ok: false, problem: messages.noMatchingAttachedConnector };
  return checkAttached(connector, surroundings);
}

/** What the router of the binding's namespace connects to for it; empty while something is wrong. */
export function attachedInputs(
  binding: AttachedConnectorBinding,
  surroundings: AttachedSurroundings,
): readonly ConnectorInput[] {
  const connector = connectorOf(binding, surroundings);
  const checked = checkBinding(binding, surroundings);
  if (connector === undefined || !checked.ok) return [];
  const { port = 0, tlsCredentials = '', useClientCert = false } = connector.spec ?? {};
  const shared = {
    name: connector.metadata.name,
    port,
    address: binding.spec?.routingKey ?? '',
    secret: tlsCredentials === '' ? undefined : tlsCredentials,
    useClientCert,
    verifyHostname: false,
  };
  return podConnectors(shared, checked.pods, binding.spec?.exposePodsByName === true);
}

function problemOfSpec({ spec }: AttachedConnector): string | undefined {
  const { type = '', port = 0, selector = '' } = spec ?? {};
  if (type !== '' && type !== 'tcp') return messages.unsupportedType(type);
  if (port < 1 || port > 65_535) return messages.invalidPort(port);
  if (selector === '') return 'AttachedConnector must define a non-empty spec.selector';
  return problemOfSelector(selector);
}

function problemOfBinding(
  { metadata, spec }: AttachedConnector,
  bindings: readonly AttachedConnectorBinding[],
): string | undefined {
  const { name, namespace = '' } = metadata;
  const siteNamespace = spec?.siteNamespace ?? '';
  const binding = bindings.find(
    (each) => each.metadata.name === name && each.metadata.namespace === siteNamespace,
  );
  if (binding === undefined) return messages.noMatchingBinding;
  const allowed = binding.spec?.connectorNamespace ?? '';
  if (allowed === namespace) return undefined;
  const where = `AttachedConnectorBinding ${siteNamespace}/${name}`;
  return `${where} does not allow AttachedConnector in ${namespace} (only ${allowed})`;
}
