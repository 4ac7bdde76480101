/**
 * Which AttachedConnector and AttachedConnectorBinding belong together, and what is wrong where they
 * do not. They have the same name, and each names the namespace of the other. Pure.
 */
import { messageOf } from '#base/errors.ts';
import { parseLabelSelector, StatusError } from '#kube/index.ts';
import type { AttachedConnector, AttachedConnectorBinding, Secret } from '../kinds.ts';
import { messages } from '../names.ts';
import { checkCredentials } from '../router-config/check-credentials.ts';

/** What decides about the pairs of one name. */
export interface AttachedSurroundings {
  /** All of the name, in all namespaces. */
  readonly connectors: readonly AttachedConnector[];
  readonly bindings: readonly AttachedConnectorBinding[];
  readonly hasSite: (namespace: string) => boolean;
  readonly secret: (namespace: string, name: string) => Secret | undefined;
}

/** @returns what is wrong with a connector; undefined when its pods can be served */
export function problemOfConnector(
  connector: AttachedConnector,
  surroundings: AttachedSurroundings,
): string | undefined {
  const { siteNamespace = '', tlsCredentials = '', useClientCert = false } = connector.spec ?? {};
  const secrets = { secret: (name: string) => surroundings.secret(siteNamespace, name) };
  return (
    problemOfSpec(connector) ??
    problemOfBinding(connector, surroundings.bindings) ??
    (surroundings.hasSite(siteNamespace) ? undefined : messages.noActiveSite) ??
    checkCredentials(secrets, tlsCredentials, { authority: true, certificate: useClientCert }) ??
    `${messages.noMatchesForSelector}: there are no pods on this machine, use a Connector with spec.host`
  );
}

/** @returns what is wrong with a binding; undefined when pods of its connector can be served */
export function problemOfAttachment(
  binding: AttachedConnectorBinding,
  surroundings: AttachedSurroundings,
): string | undefined {
  const { namespace = '' } = binding.metadata;
  if (!surroundings.hasSite(namespace)) return messages.noActiveSite;
  const connector = surroundings.connectors.find(
    ({ metadata, spec }) =>
      metadata.namespace === binding.spec?.connectorNamespace && spec?.siteNamespace === namespace,
  );
  if (connector === undefined) return messages.noMatchingAttachedConnector;
  return problemOfConnector(connector, surroundings);
}

function problemOfSpec({ spec }: AttachedConnector): string | undefined {
  const { type = '', port = 0, selector = '' } = spec ?? {};
  if (type !== '' && type !== 'tcp') return messages.unsupportedType(type);
  if (port < 1 || port > 65_535) return messages.invalidPort(port);
  if (selector === '') return 'AttachedConnector must define a non-empty spec.selector';
  try {
    parseLabelSelector(selector);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof StatusError)) throw thrown;
    return `Invalid selector: ${messageOf(thrown)}`;
  }
}

function problemOfBinding(
  { metadata, spec }: AttachedConnector,
  bindings: readonly AttachedConnectorBinding[],
): string | undefined {
  const { name, namespace = '' } = metadata;
  const siteNamespace = spec?.siteNamespace ?? '';
  const binding = bindings.find((each) => each.metadata.namespace === siteNamespace);
  if (binding === undefined) return messages.noMatchingBinding;
  const allowed = binding.spec?.connectorNamespace ?? '';
  if (allowed === namespace) return undefined;
  const where = `AttachedConnectorBinding ${siteNamespace}/${name}`;
  return `${where} does not allow AttachedConnector in ${namespace} (only ${allowed})`;
}
