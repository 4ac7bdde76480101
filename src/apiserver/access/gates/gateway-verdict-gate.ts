/**
 * The gate of GatewayVerdict: who makes one is written down by the server, and stays. Whether he may
 * approve is for the gateway to ask, when it counts.
 */
import { isRecord } from '#kube/index.ts';
import type { User } from '#rbac/index.ts';
import type { ObjectGate } from '../../objects/object-gate.ts';

/** Puts the maker into the status, whatever the request says there. */
export const gatewayVerdictGate: ObjectGate = ({ target, user, object, old }) => {
  const { definition } = target;
  if (definition.plural !== 'gatewayverdicts' || definition.group !== 'drawbridge.dev') {
    return object;
  }
  const { approver: _, ...rest } = statusOf(object);
  const approver = old === undefined ? approverOf(user) : statusOf(old)['approver'];
  return { ...object, status: approver === undefined ? rest : { ...rest, approver } };
};

function statusOf({
  status,
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return isRecord(status) ? status : {};
}

function approverOf({ name, uid, groups, extra }: User): object {
  return {
    name,
    groups,
    ...(uid === undefined ? {} : { uid }),
    ...(extra === undefined ? {} : { extra }),
  };
}
