/** The kinds that grants and tokens work on. */
export {
  type AccessGrant,
  type AccessToken,
  accessGrant,
  accessToken,
  type Certificate,
  certificate,
  type IssuedLink,
  issuedLink,
  issuedLinkFinalizer,
  issuedLinkGrantLabel,
  type Link,
  link,
  type Site,
  site,
} from '#apis/index.ts';
export { namespace, type Secret, secret } from '#kube/index.ts';
