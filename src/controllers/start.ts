/** Starts the controllers of this folder over one set of informers. */
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import type { Random } from '#base/random.ts';
import type { EventRecorder, InformerSet, KubeClient } from '#kubeclient/index.ts';
import { startAttachedConnectorController } from './attached-connector/attached-connector-controller.ts';
import { startConnectionTokenController } from './connection-token/connection-token-controller.ts';
import { startConnectorController } from './connector/connector-controller.ts';
import type { CertificateWish, ControllerContext, ControllerIdentity } from './context.ts';
import { startIssuedLinkController } from './issued-link/issued-link-controller.ts';
import { startLinkController } from './link/link-controller.ts';
import { startListenerController } from './listener/listener-controller.ts';
import { startRouterAccessController } from './router-access/router-access-controller.ts';
import { startRouterConfigController } from './router-config/router-config-controller.ts';
import type { SiteRuntime } from './runtime.ts';
import { startSecuredAccessController } from './secured-access/secured-access-controller.ts';
import { startRedeemedTokensController } from './site/redeemed-tokens.ts';
import { startSiteController } from './site/site-controller.ts';
import { openManagementConnections } from './site-router/management-connection.ts';
import type { OpenRouterConnection } from './site-router/router-connection.ts';
import { SiteRouters } from './site-router/site-routers.ts';

export interface ControllersDeps {
  readonly client: KubeClient;
  /** Shared by the process, which starts it after all controllers and stops it before them. */
  readonly informers: InformerSet;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly events: Pick<EventRecorder, 'record'>;
  /** Stopped by its owner, after the controllers. */
  readonly runtime: SiteRuntime;
  /** Makes or changes a Certificate so that it serves this owner too. */
  readonly ensureCertificate: (wish: CertificateWish) => Promise<unknown>;
  /** How routers are reached. Default: AMQP management over mutual TLS. */
  readonly openRouter?: OpenRouterConnection;
}

export interface ControllersOptions {
  /** Who we are, as Sites show it. */
  readonly identity: ControllerIdentity;
}

/** Controllers at work, and the way over their routers to the controllers of other sites. */
export interface RunningControllers extends Running {
  readonly post: Pick<SiteRouters, 'onText' | 'send'>;
}

/** Starts them; they work as soon as the informers have synced. */
export function startControllers(
  deps: ControllersDeps,
  options: ControllersOptions,
): RunningControllers {
  const { openRouter = openManagementConnections(deps), ...rest } = deps;
  const routers = new SiteRouters({
    open: openRouter,
    log: deps.log,
    routersHoldCredentials: deps.runtime.routersHoldCredentials,
  });
  const context: ControllerContext = { ...rest, routers, identity: options.identity };
  const running = [
    startRouterConfigController(context),
    startSiteController(context),
    startRouterAccessController(context),
    startSecuredAccessController(context),
    startLinkController(context),
    startIssuedLinkController(context),
    startListenerController(context),
    startConnectorController(context),
    startAttachedConnectorController(context),
    startConnectionTokenController(context),
    startRedeemedTokensController(context),
  ];
  return {
    post: routers,
    stop: async (stopOptions) => {
      await Promise.all(running.map((controller) => controller.stop(stopOptions)));
      try {
        await routers.stop();
      } catch (thrown) {
        deps.log.warn('router connections did not close', { error: messageOf(thrown) });
      }
    },
  };
}
