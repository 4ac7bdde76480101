/** The kinds that grants and tokens work on, under the names used here. */
import { accessGrant, accessToken, certificate, link, site } from '#apis/index.ts';
import { namespace, type ObjectOf, secret } from '#kube/index.ts';

export { accessGrant, accessToken, certificate, link, namespace, secret, site };
export type AccessGrant = ObjectOf<typeof accessGrant>;
export type AccessToken = ObjectOf<typeof accessToken>;
export type Certificate = ObjectOf<typeof certificate>;
export type Link = ObjectOf<typeof link>;
export type Secret = ObjectOf<typeof secret>;
export type Site = ObjectOf<typeof site>;
