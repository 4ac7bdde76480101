/** The recording of a terminal that is about to be opened, when it is to be recorded. */
import { redacted } from '../audit/redaction.ts';
import { GatewayError } from '../errors.ts';
import type { Admitted } from '../proxy/exchange.ts';
import { type Identity, userOf } from '../proxy/identity.ts';
import type { Offer } from '../proxy/web-socket-offer.ts';
import { valuesOf } from '../request/target.ts';
import { channelProtocols } from './channel-reader.ts';
import type { Recording, RecordingAbout } from './recording.ts';
import { decideRecording } from './recording-rule.ts';
import type { Recordings } from './recordings.ts';

export interface TerminalAsked {
  readonly protocol: 'websocket' | 'SPDY/3.1';
  readonly offer: Offer;
}

/**
 * @param recordings undefined: this gateway does not record
 * @returns undefined when it is not to be recorded
 * @throws GatewayError GATEWAY_DENIED, GATEWAY_REQUEST, GATEWAY_RECORDING when it cannot be
 */
export async function beginRecording(
  recordings: Recordings | undefined,
  admitted: Admitted,
  { protocol, offer }: TerminalAsked,
  identity: Identity,
): Promise<Recording | undefined> {
  const { spec } = admitted.access.grant;
  const { capability } = admitted.decision;
  const decided = decideRecording({
    recording: spec.recording,
    policy: recordings?.policy,
    capability,
  });
  if (typeof decided === 'object') {
    throw new GatewayError('GATEWAY_DENIED', decided.refusal, { rule: 'recording' });
  }
  if (decided === 'pass' || recordings === undefined) return undefined;
  if (protocol === 'websocket' && recordable(offer).length === 0) {
    const known = [...channelProtocols].join(', ');
    const message = `a recorded terminal needs one of the subprotocols ${known}`;
    throw new GatewayError('GATEWAY_REQUEST', message, { close: true });
  }
  return recordings.begin(aboutOf(admitted, identity));
}

/** Of what a client offers, the subprotocols that can be recorded. */
export function recordable({ protocols }: Offer): readonly string[] {
  return protocols.filter((name) => channelProtocols.has(name));
}

function aboutOf(admitted: Admitted, identity: Identity): RecordingAbout {
  const { access, target, decision, auditId, client } = admitted;
  const { namespace: of = '', name: grant } = access.grant.metadata;
  const { namespace, name, subresource } = decision.info;
  const one = (key: string): string => valuesOf(target.query, key)[0] ?? '';
  const container = one('container');
  const command = valuesOf(target.query, 'command').join(' ');
  const place = `${namespace}/${name}${container === '' ? '' : ` ${container}`}`;
  return {
    auditId,
    grant: `${of}/${grant}`,
    session: access.sessionId,
    ...(identity.mode === 'account' ? {} : { user: userOf(access.grant, identity) }),
    client,
    what: redacted(`${subresource} ${place}${command === '' ? '' : `: ${command}`}`),
    tty: one('tty') === 'true' || one('tty') === '1',
  };
}
