/**
 * The door of the processes. Each is loaded when it is started, so that a verb that only asks the
 * API does not pay for the router and the API server.
 */
import type { ControllerOptions } from './controller-process/controller-options.ts';
import type { GatewayProcessOptions } from './gateway-process/gateway.ts';
import type { KubeGatewayProcessOptions } from './gateway-process/kube-gateway.ts';
import type { RouterProcessOptions } from './router-process/router.ts';
import type { TokenRequestProcessOptions } from './token-request-process/token-request.ts';
import type { UpOptions } from './up.ts';

export { type AppErrorCode } from './errors.ts';
export type { ControllerOptions, RouterProcessOptions, TokenRequestProcessOptions, UpOptions };

/** Runs `drawbridge up` until it is told to stop. @returns the exit code */
export async function runUp(options: UpOptions): Promise<number> {
  const up = await import('./up.ts');
  return up.runUp(options);
}

/** Runs one site's router until it is told to stop. @returns the exit code */
export async function runRouter(options: RouterProcessOptions): Promise<number> {
  const router = await import('./router-process/router.ts');
  return router.runRouter(options);
}

/** Exposes the TokenRequest API until told to stop. @returns the exit code */
export async function runTokenRequest(options: TokenRequestProcessOptions): Promise<number> {
  const tokenRequest = await import('./token-request-process/token-request.ts');
  return tokenRequest.runTokenRequest(options);
}

/** Runs the controllers of a cluster until told to stop. @returns the exit code */
export async function runController(options: ControllerOptions): Promise<number> {
  const controller = await import('./controller-process/controller.ts');
  return controller.runController(options);
}

/** Runs the access gateway until it is told to stop. @returns the exit code */
export async function runGateway(options: GatewayProcessOptions): Promise<number> {
  const gateway = await import('./gateway-process/gateway.ts');
  return gateway.runGateway(options);
}

/** Runs the gateway with the face of kube-gateway until it is told to stop. @returns the exit code */
export async function runKubeGateway(options: KubeGatewayProcessOptions): Promise<number> {
  const gateway = await import('./gateway-process/kube-gateway.ts');
  return gateway.runKubeGateway(options);
}
