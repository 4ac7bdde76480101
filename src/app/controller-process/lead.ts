/** The work of the replica that leads: all controllers, over informers that every replica has. */
import { messageOf } from '#base/errors.ts';
import { ensureCertificate, startCertificateController, startExpiryWatch } from '#certs/index.ts';
import { ClusterRuntime, type ControllersDeps, startControllers } from '#controllers/index.ts';
import {
  startAccessGrantController,
  startAccessTokenController,
  startClaimController,
  startLinkRenewal,
} from '#grants/index.ts';
import { RunningStack } from '../running-stack.ts';
import { aborted } from '../stop-signal.ts';
import type { ControllerOptions } from './controller-options.ts';
import { ensureGrantAccess } from './grant-access.ts';
import { ControllerGrantAddress } from './grant-address.ts';

export interface LeadOptions extends ControllerOptions {
  readonly own: { readonly name: string; readonly namespace: string };
  readonly version: string;
  /** Kinds of others that the API server has, as `plural.group`. */
  readonly available: ReadonlySet<string>;
}

type LeadDeps = Omit<ControllersDeps, 'ensureCertificate' | 'openRouter' | 'runtime'>;

/** How long work under way may take when leadership ends; milliseconds. */
const stopGraceMs = 3000;
const grantAccessRetryMs = 10_000;

/** Works until the signal. */
export async function lead(
  deps: LeadDeps,
  options: LeadOptions,
  signal: AbortSignal,
): Promise<void> {
  const { client, informers, log } = deps;
  const { own, grants } = options;
  const stack = new RunningStack(log);
  const runtime = stack.add(
    'runtime',
    new ClusterRuntime(deps, {
      controllerNamespace: own.namespace,
      image: options.image,
      securityContext: options.securityContext,
      access: options.access,
      available: options.available,
    }),
  );
  stack.add('certificates', startCertificateController(deps));
  stack.add('certificate ends', startExpiryWatch(deps));
  const { post } = stack.add(
    'controllers',
    startControllers(
      { ...deps, runtime, ensureCertificate: (wish) => ensureCertificate(client, wish) },
      { identity: { ...own, version: options.version } },
    ),
  );
  stack.add('access tokens', startAccessTokenController(deps));
  stack.add('claims', startClaimController(deps));
  stack.add('link renewal', startLinkRenewal({ ...deps, post }));
  const address = new ControllerGrantAddress(informers, {
    namespace: own.namespace,
    baseUrl: grants.baseUrl,
  });
  stack.add('access grants', startAccessGrantController(deps, grants.enabled ? { address } : {}));
  if (grants.enabled && grants.baseUrl === '' && grants.autoconfigure) {
    stack.add('grant access', keepGrantAccess(deps, options));
  }
  await runtime.begin();
  await aborted(signal);
  await stack.stop({ graceMs: stopGraceMs });
}

/** Tries until the grant server can be reached from outside. */
function keepGrantAccess(deps: LeadDeps, options: LeadOptions): { stop(): Promise<void> } {
  const { own, grants, podName = '' } = options;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const attempt = async (): Promise<void> => {
    try {
      await ensureGrantAccess(deps.client, {
        namespace: own.namespace,
        deployment: own.name,
        pod: podName,
        port: grants.port,
      });
    } catch (thrown) {
      deps.log.warn('grants have no address yet', { reason: messageOf(thrown) });
      if (!stopped) timer = setTimeout(() => void attempt(), grantAccessRetryMs);
    }
  };
  const first = attempt();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await first;
    },
  };
}
