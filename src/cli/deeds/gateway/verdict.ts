/** A verdict said through the API server, for those whose kubeconfig has no token to show. */
import { randomBytes } from 'node:crypto';
import { type GatewayToken, type GatewayVerdict, gatewayVerdict } from '#apis/index.ts';
import { apiVersionOf, findCondition } from '#kube/index.ts';
import { isKubeError } from '#kubeclient/index.ts';
import type { Session } from '../../api/session.ts';
import { waitFor } from '../../api/wait.ts';
import { CliError } from '../../errors.ts';
import type { Decided, Verdict } from './approve.ts';

/** For a gateway to count it; milliseconds. */
const countMsMax = 20_000;

/** @throws CliError CLI_REFUSED with the words of the API server or the gateway; KubeClientError */
export async function sayVerdict(
  session: Session,
  grant: GatewayToken,
  { decision, reason }: Verdict,
): Promise<Decided> {
  const { name: token, uid = '' } = grant.metadata;
  const name = `${decision}-${randomBytes(6).toString('hex')}`;
  await make(session, {
    apiVersion: apiVersionOf(gatewayVerdict),
    kind: gatewayVerdict.kind,
    metadata: { name, namespace: session.namespace },
    spec: { token, uid, decision, ...(reason === undefined ? {} : { reason }) },
  });
  const { reached, object } = await waitFor(session, gatewayVerdict, name, countMsMax, isSettled);
  const { status = {} } = object ?? {};
  const counted = findCondition(status.conditions, 'Counted');
  if (!reached || counted === undefined) {
    throw new CliError('CLI_REFUSED', `no gateway has counted the verdict "${name}"`, {
      todo: `see 'kubectl get gatewayverdict ${name} -n ${session.namespace}': a gateway must run, and in a cluster its webhook must ask about gatewayverdicts ('drawbridge gateway install' again); or give a token with --token-file`,
    });
  }
  const { approver, missing } = status;
  if (counted.status === 'True' && approver !== undefined) {
    return { grant, approver: approver.name, missing: missing ?? 0 };
  }
  throw new CliError('CLI_REFUSED', `the gateway refused: ${counted.message}`, {
    todo: "see 'drawbridge gateway list' and who may decide in the grant's spec.approval.from",
  });
}

async function make(session: Session, verdict: GatewayVerdict): Promise<void> {
  try {
    await session.client.create(gatewayVerdict, verdict);
  } catch (thrown) {
    if (isKubeError(thrown, 'KUBE_NOT_FOUND')) {
      throw new CliError('CLI_REFUSED', `the API server does not know ${gatewayVerdict.plural}`, {
        todo: "bring the kinds up to date with 'drawbridge gateway install', or give a token with --token-file",
        cause: thrown,
      });
    }
    if (isKubeError(thrown, 'KUBE_FORBIDDEN')) {
      throw new CliError('CLI_REFUSED', thrown.message, {
        todo: 'it takes the verbs create and get on gatewayverdicts, and approve on gatewaytokens, of drawbridge.dev',
        cause: thrown,
      });
    }
    throw thrown;
  }
}

function isSettled(verdict: GatewayVerdict | undefined): boolean {
  return (
    verdict === undefined || findCondition(verdict.status?.conditions, 'Counted') !== undefined
  );
}
