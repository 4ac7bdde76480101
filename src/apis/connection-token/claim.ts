/**
 * Claims: Secrets of Skupper v1 that are exchanged for a connection token at the site that made
 * them. Whoever holds one may link as often and as long as that site says.
 * @spec Skupper v1 token files
 */
import { encodeSecretData, type Secret, secretText } from '#kube/index.ts';
import { skupperVersion, tokenAnnotation, tokenLabel } from './connection-token.ts';

/** What a claim says. */
export interface Claim {
  /** Where it is exchanged. */
  readonly url: string;
  readonly password: string;
  /** PEM certificates to verify the URL with. */
  readonly ca: string;
  /** Empty when it does not say who made it. */
  readonly generatedBy: string;
  /** RFC 3339, for people: the site that made it decides. Empty when it does not say. */
  readonly expires: string;
  /** Cost of the link that comes out; undefined when it says none. */
  readonly cost: number | undefined;
}

const passwordKey = 'password';
const caKey = 'ca.crt';

/** True for a Secret labelled as a claim. */
export function isClaim(secret: Secret): boolean {
  return secret.metadata.labels?.[tokenLabel.name] === tokenLabel.claim;
}

/** Reads a claim, or says in one sentence why it cannot be used. */
export function readClaim(
  secret: Secret,
): { readonly value: Claim } | { readonly problem: string } {
  const password = secretText(secret, passwordKey) ?? '';
  const ca = secretText(secret, caKey) ?? '';
  if (password === '') return { problem: `Expected ${passwordKey} field in secret data` };
  if (ca === '') return { problem: `Expected ${caKey} field in secret data` };
  const { annotations = {} } = secret.metadata;
  const url = annotations[tokenAnnotation.url] ?? '';
  if (!URL.canParse(url)) return { problem: `Expected ${tokenAnnotation.url} annotation` };
  const cost = annotations[tokenAnnotation.cost] ?? '';
  return {
    value: {
      url,
      password,
      ca,
      generatedBy: annotations[tokenAnnotation.generatedBy] ?? '',
      expires: annotations[tokenAnnotation.expiration] ?? '',
      cost: /^[1-9]\d{0,8}$/.test(cost) ? Number(cost) : undefined,
    },
  };
}

/** The Secret of a claim, as sites of v1 write and read it. */
export function claimSecret(
  name: string,
  claim: Omit<Claim, 'cost'>,
  notes: Readonly<Record<string, string>> = {},
): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      labels: { [tokenLabel.name]: tokenLabel.claim },
      annotations: {
        [tokenAnnotation.url]: claim.url,
        [tokenAnnotation.generatedBy]: claim.generatedBy,
        [tokenAnnotation.siteVersion]: skupperVersion,
        ...(claim.expires === '' ? {} : { [tokenAnnotation.expiration]: claim.expires }),
        ...notes,
      },
    },
    type: 'Opaque',
    data: encodeSecretData({ [passwordKey]: claim.password, [caKey]: claim.ca }),
  };
}
