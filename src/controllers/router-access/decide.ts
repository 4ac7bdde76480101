/** What a RouterAccess becomes: a SecuredAccess, a router listener per role, and its status. Pure. */
import {
  type ConditionState,
  type Evaluation,
  equalJson,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import type { Endpoint, RouterAccess, SecuredAccess } from '../kinds.ts';
import {
  annotations,
  componentLabels,
  defaultRolePort,
  messages,
  routerSelector,
} from '../names.ts';

/** The spec of the SecuredAccess behind it. @param issuer who signs when nothing else is said */
export function securedAccessSpec(
  access: RouterAccess,
  issuer: string,
  group: string,
): NonNullable<SecuredAccess['spec']> {
  const spec = specOf(access);
  const asked = spec.issuer ?? '';
  return {
    selector: { ...routerSelector, [componentLabels.group]: group },
    ports: spec.roles.map(({ name, port }) => {
      const number = rolePort(name, port);
      return { name, port: number, targetPort: number, protocol: 'TCP' };
    }),
    certificate: spec.tlsCredentials,
    ...(spec.accessType ? { accessType: spec.accessType } : {}),
    ...(spec.generateTlsCredentials === true ? { issuer: asked === '' ? issuer : asked } : {}),
    ...(spec.settings === undefined ? {} : { settings: { ...spec.settings } }),
  };
}

/** The spec; one that is missing is as if it were empty. */
export function specOf(access: RouterAccess): NonNullable<RouterAccess['spec']> {
  return access.spec ?? { roles: [], tlsCredentials: '' };
}

/** The port of a role, the default one where none is given. */
export function rolePort(role: string, port: number | undefined): number {
  return port === undefined || port === 0 ? defaultRolePort(role) : port;
}

/** True when a controller made it, so that its ports are a default and not a wish of the user. */
export function isControlled(object: RouterAccess | SecuredAccess): boolean {
  return object.metadata.annotations?.[annotations.controlled] !== undefined;
}

export interface RouterAccessFacts {
  /** What is wrong, if anything. */
  readonly problem: string | undefined;
  /** Secret that is being made for it and is not there yet. */
  readonly awaited?: string | undefined;
  /** By router group. */
  readonly securedAccesses: ReadonlyMap<string, SecuredAccess>;
}

/** The same object when nothing changes. */
export function decideRouterAccessStatus(
  access: RouterAccess,
  facts: RouterAccessFacts,
  at: Evaluation,
): NonNullable<RouterAccess['status']> {
  const before = access.status ?? {};
  const endpoints: Endpoint[] = [...facts.securedAccesses].flatMap(([group, { status }]) =>
    (status?.endpoints ?? []).map((endpoint) => ({ ...endpoint, group })),
  );
  const settled = settleStatus(
    before,
    {
      Configured: configuredState(facts),
      Resolved: endpoints.length > 0 ? stateReady() : statePending(),
    },
    ['Configured', 'Resolved'],
    at,
  );
  const next = { ...settled, endpoints };
  return equalJson(next, before) ? before : next;
}

function configuredState({ problem, awaited }: RouterAccessFacts): ConditionState {
  if (problem !== undefined) return stateError(problem);
  return awaited === undefined ? stateReady() : statePending(messages.tlsSecretNotFound(awaited));
}
