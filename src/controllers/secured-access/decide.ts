/** What a SecuredAccess becomes: a Service, a Certificate and endpoints. Pure. */
import {
  type Evaluation,
  equalJson,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import type { Endpoint, SecuredAccess, Service } from '../kinds.ts';
import type { Exposure } from '../runtime.ts';

/** What is wrong with it, if anything. @param accessTypes those that work here */
export function checkSecuredAccess(
  access: SecuredAccess,
  accessTypes: readonly string[],
): string | undefined {
  const { accessType = '' } = access.spec ?? {};
  if (accessType !== '' && !accessTypes.includes(accessType)) return 'unsupported access type';
  return undefined;
}

/** An endpoint for each port that its Service really has. @param host where others reach it */
export function servicePortEndpoints(
  access: SecuredAccess,
  service: Service,
  host: string,
): Endpoint[] {
  return (access.spec?.ports ?? []).flatMap(({ name }) => {
    const port = service.spec?.ports?.find((each) => each.name === name);
    return port === undefined ? [] : [{ name, host, port: `${port.port}` }];
  });
}

export interface SecuredAccessFacts {
  /** What is wrong, if anything. */
  readonly problem: string | undefined;
  readonly exposure: Exposure;
}

/** The same object when nothing changes. */
export function decideSecuredAccessStatus(
  access: SecuredAccess,
  facts: SecuredAccessFacts,
  at: Evaluation,
): NonNullable<SecuredAccess['status']> {
  const before = access.status ?? {};
  const { exposure, problem } = facts;
  const endpoints = problem === undefined ? [...exposure.endpoints] : [];
  const settled = settleStatus(
    before,
    {
      Configured: problem === undefined ? stateReady() : stateError(problem),
      Resolved: endpoints.length > 0 ? stateReady() : statePending(exposure.pending),
    },
    ['Configured', 'Resolved'],
    at,
  );
  const next = { ...settled, endpoints };
  return equalJson(next, before) ? before : next;
}

/** Names and addresses the server certificate must carry. */
export function certificateHosts(access: SecuredAccess, endpoints: readonly Endpoint[]): string[] {
  const { name, namespace = '' } = access.metadata;
  const hosts = endpoints.flatMap(({ host }) => (host === undefined ? [] : [host]));
  return [...new Set([...hosts, name, `${name}.${namespace}`])].toSorted();
}
