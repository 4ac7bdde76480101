/** A decision about a grant: which one, by uid, and why. */
import type { IncomingMessage } from 'node:http';
import { gatewayTextMax } from '#apis/index.ts';
import { checkLabelName, checkSubdomainName } from '#kube/index.ts';
import { GatewayError } from '../errors.ts';
import type { ApprovalWish } from '../oversight/approvals.ts';
import { isReason } from '../oversight/decide-approval.ts';
import type { HeaderLines } from '../request/inbound-headers.ts';
import { readJson } from './json-body.ts';

/** @throws GatewayError GATEWAY_REQUEST, GATEWAY_TOO_LARGE */
export async function readApproval(
  request: IncomingMessage,
  lines: HeaderLines,
): Promise<ApprovalWish> {
  const members = ['namespace', 'name', 'uid', 'decision', 'reason'] as const;
  const { namespace, name, uid, decision, reason } = await readJson(request, lines, members);
  if (typeof namespace !== 'string' || checkLabelName(namespace).length > 0) {
    throw refused('namespace must be the name of a namespace');
  }
  if (typeof name !== 'string' || checkSubdomainName(name).length > 0) {
    throw refused('name must be the name of a grant');
  }
  if (typeof uid !== 'string' || uid === '' || uid.length > gatewayTextMax) {
    throw refused('uid must be metadata.uid of the grant that you looked at');
  }
  if (decision !== 'approved' && decision !== 'denied') {
    throw refused('decision must be approved or denied');
  }
  if (reason !== undefined && !isReason(reason)) {
    throw refused(`reason must be one line of at most ${gatewayTextMax} characters`);
  }
  return { key: { namespace, name }, uid, decision, reason };
}

function refused(why: string): GatewayError {
  return new GatewayError('GATEWAY_REQUEST', why);
}
