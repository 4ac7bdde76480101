/** The kinds that certificates are kept in. */
import type { Certificate } from '#apis/index.ts';

export { type Certificate, certificate, issuedLink, link, routerAccess } from '#apis/index.ts';
export { type Secret, secret } from '#kube/index.ts';

/** What a Certificate asks for. */
export type CertificateSpec = NonNullable<Certificate['spec']>;

/** The spec; one without it asks for nothing, which its status will tell. */
export function specOf(object: Certificate): CertificateSpec {
  return object.spec ?? { ca: '', subject: '' };
}
