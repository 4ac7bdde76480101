/** Grants and tokens: issuing access, the server where tokens are redeemed, and redeeming them. */
export type { GrantsDeps } from './controller-deps.ts';
export { GrantsError, type GrantsErrorCode } from './errors.ts';
export {
  type AccessGrantOptions,
  type GrantAddressSource,
  startAccessGrantController,
} from './grant-controller.ts';
export type { GrantAddress } from './grant-decision.ts';
export { startLinkRenewal } from './renewal/renewal-controller.ts';
export type { LinkRenewalDeps } from './renewal/renewal-deps.ts';
export type { SitePost } from './renewal/site-post.ts';
export {
  type GrantServerOptions,
  type RunningGrantServer,
  startGrantServer,
} from './server/grant-server.ts';
export type { RedeemerOptions } from './server/redeemer.ts';
export { type AccessTokenOptions, startAccessTokenController } from './token/token-controller.ts';
export { startClaimController } from './token/claim-controller.ts';
