/** The kinds that certificates are kept in. */
export { type Certificate, certificate } from '#apis/index.ts';
export { type Secret, secret } from '#kube/index.ts';
