/** How people log in. */
import type { Secret } from '#base/secret.ts';
import type { LoginRule } from './login-rules.ts';

export interface LoginOptions {
  /** `https` URL of the OpenID provider. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** PEM of the only CAs trusted for the provider; absent: those of the system. */
  readonly ca?: string;
  /** Asked for beside `openid`. */
  readonly scopes: readonly string[];
  /** Claim that lists the groups. */
  readonly groupsClaim: string;
  /** Put before the names of users and groups towards the API server; may be empty. */
  readonly prefix: string;
  /** `https://host[:port]` by which browsers come here. */
  readonly publicUrl: string;
  /** Where the grants of people are kept: the gateway's own. */
  readonly namespace: string;
  readonly rules: readonly LoginRule[];
}
