/**
 * A GatewayToken opens no more than its creator may do himself, unless he holds the verb `escalate` on
 * gatewaytokens. Who created it is written down by the server, and nobody else can.
 */
import { type DynamicObject, forbiddenResource, isRecord, type StatusError } from '#kube/index.ts';
import {
  attributesOf,
  lackingText,
  openedRights,
  type Opening,
  statusRefusal,
  tooMuchText,
} from '#rbac/index.ts';
import type { ObjectGate, ProposedWrite } from '../../objects/object-gate.ts';
import { type Authorizer, isMaster } from '../authorization/authorizer.ts';

export interface GatewayTokenGateDeps {
  readonly authorizer: Authorizer;
}

const plural = 'gatewaytokens';
const group = 'drawbridge.dev';

/** The gate of GatewayToken. */
export function gatewayTokenGate(deps: GatewayTokenGateDeps): ObjectGate {
  return (write) => {
    const { target, user, object, old } = write;
    if (target.definition.plural !== plural || target.definition.group !== group) return object;
    const free = isMaster(user) || mayEscalate(deps, write);
    if (!free) {
      const refusal = old
        ? statusRefusal({
            user,
            issuer: issuerOf(old),
            before: statusOf(old),
            after: statusOf(object),
          })
        : openingRefusal(deps, write);
      if (refusal !== undefined) throw forbidden(write, refusal);
    }
    return withIssuer(object, old ? issuerOf(old) : user.name);
  };
}

function mayEscalate(
  { authorizer }: GatewayTokenGateDeps,
  { user, target }: ProposedWrite,
): boolean {
  const { namespace, version } = target;
  const place = { group, version, resource: plural, subresource: '', namespace, name: '' };
  return authorizer.decide(user, { type: 'resource', verb: 'escalate', ...place }).allowed;
}

function openingRefusal(
  { authorizer }: GatewayTokenGateDeps,
  { user, object }: ProposedWrite,
): string | undefined {
  const spec: Opening = isRecord(object['spec']) ? object['spec'] : {};
  const rights = openedRights(spec);
  if (rights === undefined) return tooMuchText;
  const lacking = rights.filter((right) => !authorizer.decide(user, attributesOf(right)).allowed);
  return lacking.length === 0 ? undefined : lackingText(user, lacking);
}

function forbidden({ target, object }: ProposedWrite, why: string): StatusError {
  return forbiddenResource(target.definition, object.metadata.name, why);
}

function statusOf(object: DynamicObject): Readonly<Record<string, unknown>> {
  const { status } = object;
  return isRecord(status) ? status : {};
}

function issuerOf(object: DynamicObject): string | undefined {
  const issuer = statusOf(object)['issuedBy'];
  return typeof issuer === 'string' ? issuer : undefined;
}

function withIssuer(object: DynamicObject, issuer: string | undefined): DynamicObject {
  if (issuerOf(object) === issuer) return object;
  const { issuedBy: _, ...rest } = statusOf(object);
  return { ...object, status: issuer === undefined ? rest : { ...rest, issuedBy: issuer } };
}
