/** What a probe means, in words and with the way out. Pure. */
import { fault, type Finding, note, ok } from './step.ts';
import type { Reach } from './probe.ts';

/** What is being reached. */
export interface Goal {
  /** `host:port` */
  readonly place: string;
  /** Such as `the router of the other site`. */
  readonly peer: string;
  /** Lines that make the peer run or name the right place. */
  readonly start: readonly string[];
  /** Lines for a certificate that does not fit. */
  readonly trust: readonly string[];
  /** Lines for a peer that takes the certificate back. */
  readonly refused: readonly string[];
  /** TLS was tried too. */
  readonly tls: boolean;
}

const clockFix = [
  'Compare the clocks of both machines with `date -u`, then let them be set by the network:',
  '  timedatectl set-ntp true',
];

/**
 * @param local false when the router is on another machine than we are: what fails from here may
 * work from there, so it is no fault
 */
export function reachFindings(reach: Reach, goal: Goal, local: boolean): readonly Finding[] {
  const found = findings(reach, goal);
  if (local) return found;
  return found.map((each) =>
    each.state === 'fault'
      ? note(each.step, `${each.detail} (from this machine; the router runs on another)`)
      : each,
  );
}

function findings(reach: Reach, { place, peer, ...goal }: Goal): readonly Finding[] {
  const [host = ''] = place.split(/:\d+$/);
  if (reach.stage === 'dns') {
    return [
      fault(
        'name',
        `the name ${host} cannot be resolved (${reach.code})`,
        `Give ${peer} a name that resolves here, or use its IP address. See what resolves:`,
        `  getent hosts ${host}`,
      ),
    ];
  }
  const name = ok(
    'name',
    host === reach.addresses[0] ? host : `${host} is ${reach.addresses.join(', ')}`,
  );
  if (reach.stage === 'tcp') return [name, tcpFault(reach.code, place, peer, goal.start)];
  const tcp = ok('tcp', `${place} accepts connections`);
  if (reach.stage === 'tls') return [name, tcp, tlsFault(reach, place, peer, goal)];
  if (!goal.tls) return [name, tcp];
  const tls = ok('tls', `${peer} shows a certificate that fits`);
  if (reach.stage === 'done') return [name, tcp, tls];
  return [
    name,
    tcp,
    tls,
    fault(
      'accepted',
      `${peer} hangs up on our certificate (${reach.code}): it was revoked, or its issuer was replaced`,
      ...goal.refused,
    ),
  ];
}

function tcpFault(code: string, place: string, peer: string, start: readonly string[]): Finding {
  const why: Readonly<Record<string, string>> = {
    ECONNREFUSED: `nothing listens at ${place}: ${peer} is down, or listens elsewhere`,
    ETIMEDOUT: `${place} does not answer: a firewall drops the packets, or the machine is down`,
    EHOSTUNREACH: `there is no route to ${place}`,
    ENETUNREACH: `there is no route to ${place}`,
  };
  const known = Object.hasOwn(why, code) ? why[code] : undefined;
  return fault('tcp', known ?? `${place} cannot be reached (${code})`, ...start);
}

function tlsFault(
  { code, message }: { readonly code: string; readonly message: string },
  place: string,
  peer: string,
  goal: Pick<Goal, 'trust' | 'refused' | 'start'>,
): Finding {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return fault(
        'tls',
        `the certificate of ${peer} has expired, or a clock is wrong`,
        ...clockFix,
      );
    case 'CERT_NOT_YET_VALID':
      return fault(
        'tls',
        `the certificate of ${peer} is not yet valid: a clock is wrong`,
        ...clockFix,
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return fault(
        'tls',
        `the certificate of ${peer} is for other names than ${place}`,
        ...goal.trust,
      );
    case 'ETIMEDOUT':
    case 'ECLOSED':
    case 'ECONNRESET':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return fault(
        'tls',
        `${place} does not speak TLS (${code}): something else listens there`,
        ...goal.start,
      );
    default: {
      const isOurs = /alert/i.test(message) || code.includes('ALERT');
      return isOurs
        ? fault('tls', `${peer} refuses our certificate (${code})`, ...goal.refused)
        : fault(
            'tls',
            `the certificate of ${peer} is not from an issuer we trust (${code})`,
            ...goal.trust,
          );
    }
  }
}
