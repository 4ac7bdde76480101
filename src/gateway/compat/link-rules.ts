/** Whether a kube-gateway token allows a request: its patterns, and what no pattern means. */
import { GatewayError } from '../errors.ts';
import { requestInfo } from '../request/request-info.ts';
import type { Target } from '../request/target.ts';
import { valuesOf } from '../request/target.ts';
import { capabilityOf, namedSubresources } from '../rules/connect-capability.ts';
import type { Decision } from '../rules/decide.ts';
import { type HardDenyOptions, hardDenied } from '../rules/hard-deny.ts';
import type { LinkClaims } from './mint-request.ts';

/**
 * The decision, when it is to allow.
 * @param target below the prefix of the API
 * @throws GatewayError GATEWAY_DENIED
 */
export function allowByLink(
  claims: LinkClaims,
  method: string,
  target: Target,
  never: HardDenyOptions,
): Decision {
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
  if (!claims.verbs.includes(verb)) throw denied('the token does not allow this method');
  const info = requestInfo(method, target);
  const reason = hardDenied(info, never);
  if (reason !== undefined) throw denied(reason);
  const capability = capabilityOf(info);
  const whole = capability !== undefined || namedSubresources.has(info.subresource);
  const at = claims.urls.findIndex((url) =>
    // A star never opens a shell or a screen, or hands out tokens: such a path is written out.
    url.endsWith('*') && !whole ? target.path.startsWith(url.slice(0, -1)) : target.path === url,
  );
  if (at < 0) throw denied('the token does not allow this path');
  const follow = valuesOf(target.query, 'follow').some((value) => !/^(?:false|0)$/i.test(value));
  return {
    allowed: true,
    rule: `URLs[${at}]`,
    reason: '',
    info,
    capability,
    isStream:
      info.verb === 'watch' || (capability !== undefined && (capability !== 'log' || follow)),
  };
}

function denied(why: string): GatewayError {
  return new GatewayError('GATEWAY_DENIED', why, { rule: 'token' });
}
