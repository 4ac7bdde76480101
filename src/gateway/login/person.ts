/** Who somebody is, out of the claims of a checked ID token. */
import { loginGroupsMax } from '#apis/index.ts';
import { GatewayError } from '../errors.ts';
import { isNameForHeader } from '../proxy/identity.ts';

export interface Person {
  /** At the provider, without prefix: the subject. */
  readonly name: string;
  readonly groups: readonly string[];
  readonly issuer: string;
  /** Session at the provider. */
  readonly session: string | undefined;
}

export interface PersonClaims {
  readonly [claim: string]: unknown;
  readonly iss: string;
  readonly sub: string;
}

const charsMax = 400;

/** @throws GatewayError GATEWAY_DENIED when the claims cannot be used */
export function personIn(claims: PersonClaims, groupsClaim: string): Person {
  const { iss, sub } = claims;
  const given = claims[groupsClaim] ?? [];
  const groups: unknown[] = Array.isArray(given) ? given : [given];
  const texts = groups.filter((group) => typeof group === 'string');
  if (texts.length !== groups.length || sub.length > charsMax) {
    throw new GatewayError('GATEWAY_DENIED', `the provider's claim ${groupsClaim} lists no names`);
  }
  if (texts.length > loginGroupsMax) {
    throw new GatewayError('GATEWAY_DENIED', `you are in more than ${loginGroupsMax} groups`);
  }
  const sid = claims['sid'];
  const session = typeof sid === 'string' && sid.length <= charsMax ? sid : undefined;
  return { name: sub, groups: texts, issuer: iss, session };
}

/**
 * The names towards the API server. Groups that are the cluster's own, or that no header can carry,
 * are left out; a user with such a name does not come in.
 * @throws GatewayError GATEWAY_DENIED
 */
export function namesOf(
  { name, groups }: Person,
  prefix: string,
): { readonly user: string; readonly groups: readonly string[] } {
  const user = prefix + name;
  if (!isNameForHeader(user)) {
    throw new GatewayError('GATEWAY_DENIED', 'your name cannot be a user of the cluster');
  }
  return { user, groups: groups.map((group) => prefix + group).filter(isNameForHeader) };
}
