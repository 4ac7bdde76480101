/** The path of `gatewaytoken/NAME`: from the grant, through what it waits for, to its gateway. */
import { type GatewayToken, gatewayToken } from '#apis/index.ts';
import { addressIn, announcementKey } from '#gateway/index.ts';
import { HttpError, httpsRequest } from '#http/index.ts';
import { configMap, DurationError, humanAge, parseDuration, parseTime } from '#kube/index.ts';
import { gatewayNamespaceDefault } from '../api/gateway-address.ts';
import { statusOf } from '../api/status.ts';
import { grantPhrases } from '../output/gateway-grant.ts';
import { isoOf } from './credentials.ts';
import { fault, type Finding, note, ok, type Step } from './step.ts';
import type { World } from './world.ts';

const requestMsMax = 4000;

const another = [
  'A grant does not change. Make another one, such as',
  '  drawbridge gateway link --resource pods --for 30m -n NAMESPACE',
];

async function grantOf({ session, name }: World): Promise<GatewayToken | undefined> {
  return session.client.find(gatewayToken, { namespace: session.namespace, name });
}

const exists: Step<World> = async (world) => {
  const found = await grantOf(world);
  if (found !== undefined) return [ok('grant', `opens: ${grantPhrases(found).join('; ')}`)];
  const { namespace } = world.session;
  return [
    fault(
      'grant',
      `there is no grant ${world.name} in namespace ${namespace}`,
      'See which there are:',
      '  drawbridge gateway list -A',
    ),
  ];
};

const lasting: Step<World> = async (world) => {
  const grant = await grantOf(world);
  if (grant === undefined) return [];
  if (grant.spec.revoked === true) {
    const { message = 'Revoked' } = statusOf(grant);
    return [fault('end', `it was ended for good: ${message}`, ...another)];
  }
  const times = timesOf(grant);
  if (times === undefined) {
    return [fault('time', 'expirationWindow cannot be read as a duration', ...another)];
  }
  const { startMs, endMs } = times;
  const clock = `the clock here says ${isoOf(world.nowMs)}`;
  if (world.nowMs >= endMs) {
    return [fault('time', `it ended at ${isoOf(endMs)}; ${clock}`, ...another)];
  }
  if (world.nowMs < startMs) {
    return [fault('time', `it begins at ${isoOf(startMs)}; ${clock}`, 'Wait until then.')];
  }
  return [ok('time', `it works until ${isoOf(endMs)}, for ${humanAge(endMs - world.nowMs)}`)];
};

/** Whether it has come to what the gateway says of it. */
const judged: Step<World> = async (world) => {
  const grant = await grantOf(world);
  if (grant === undefined) return [];
  const { status, message = '' } = statusOf(grant);
  if (status === undefined) {
    return [
      fault(
        'gateway',
        'no gateway has looked at the grant',
        "Start one: 'drawbridge up', or 'drawbridge gateway serve'.",
      ),
    ];
  }
  if (status === 'Error') return [fault('state', message, ...another)];
  return [];
};

const approved: Step<World> = async (world) => {
  const grant = await grantOf(world);
  const required = grant?.spec.approval?.required ?? 0;
  if (grant === undefined || required === 0) return [];
  const { status, message = '' } = statusOf(grant);
  // With a code, the only thing that a grant can still wait for.
  if (status !== 'Pending' || grant.status?.codeHash === undefined) {
    const names = (grant.status?.approvals ?? []).map(({ name }) => name);
    return names.length === 0 ? [] : [ok('approval', `given by ${names.join(', ')}`)];
  }
  const { namespace } = world.session;
  return [
    fault(
      'approval',
      message,
      'One of those who may runs, with a kubeconfig or token of theirs:',
      `  drawbridge gateway approve ${world.name} -n ${namespace}`,
    ),
  ];
};

const usable: Step<World> = async (world) => {
  const grant = await grantOf(world);
  if (grant === undefined) return [];
  if (grant.status?.codeHash === undefined) {
    return [
      fault(
        'code',
        'it has no code, so nobody holds a way to use it',
        'Give it one, which is shown once:',
        `  drawbridge gateway link ${world.name} -n ${world.session.namespace}`,
      ),
    ];
  }
  const { uses = 0 } = grant.status;
  const { usesAllowed = 1, countPer = 'redemption' } = grant.spec;
  if (uses < usesAllowed) return [ok('uses', `${uses} of ${usesAllowed} used`)];
  if (countPer === 'redemption') {
    // Who redeemed it goes on until the end.
    return [note('uses', `all ${usesAllowed} are used: only sessions that are open go on`)];
  }
  return [fault('uses', `all ${usesAllowed} are used, counted per ${countPer}`, ...another)];
};

const served: Step<World> = async ({ session }) => {
  const told = addressIn(
    await session.client.find(configMap, announcementKey(gatewayNamespaceDefault)),
  );
  if (told === undefined) {
    return [note('gateway', `none has announced itself in ${gatewayNamespaceDefault}`)];
  }
  return [await answerOf(told)];
};

async function answerOf({
  url,
  ca,
}: {
  readonly url: string;
  readonly ca: string;
}): Promise<Finding> {
  try {
    const { status } = await httpsRequest({
      url: `${url}/gateway/readyz`,
      ...(ca === '' ? {} : { ca }),
      timeoutMs: requestMsMax,
    });
    if (status === 200) return ok('gateway', `${url} answers`);
    return fault(
      'gateway',
      `${url} answers with ${status}`,
      'Look at its log: it may not reach the API that keeps the grants.',
    );
  } catch (thrown) {
    if (!(thrown instanceof HttpError)) throw thrown;
    return fault(
      'gateway',
      `${url} cannot be reached: ${thrown.message}`,
      'Start the gateway, or look whether this machine may reach it.',
    );
  }
}

function timesOf({
  metadata,
  spec,
}: GatewayToken): { readonly startMs: number; readonly endMs: number } | undefined {
  try {
    const startMs = parseTime(spec.notBefore ?? metadata.creationTimestamp ?? '');
    const lengthMs = parseDuration(spec.expirationWindow ?? '15m');
    return startMs === undefined ? undefined : { startMs, endMs: startMs + lengthMs };
  } catch (thrown) {
    if (thrown instanceof DurationError) return undefined;
    throw thrown;
  }
}

export const gatewayTokenPath: readonly Step<World>[] = [
  exists,
  lasting,
  judged,
  approved,
  usable,
  served,
];
