/**
 * The key and certificate request that a token is redeemed with, kept in a Secret while it is being
 * redeemed. A controller that was killed after the grant server had counted, but before it could
 * store the answer, asks again with the same request, and so is given the same answer: nothing is
 * used up twice. The Secret belongs to the token and goes with it, or when the token has done its
 * work.
 */
import { encodeSecretData, type ObjectKey } from '#kube/index.ts';
import { isKubeError, type KubeClient, type WritingClient } from '#kubeclient/index.ts';
import { parsePrivateKey, PkiError, privateKeyPem } from '#pki/index.ts';
import { type AccessToken, type Secret, secret } from '../kinds.ts';
import { textOf } from '../secret-text.ts';
import { createJoinerCredentials, type JoinerCredentials } from './redemption-client.ts';

type Client = WritingClient & Pick<KubeClient, 'remove'>;

const requestKey = 'certificate-request';

function keyFor(token: AccessToken): ObjectKey {
  const { namespace = '', uid = '' } = token.metadata;
  return { namespace, name: `redemption-${uid}` };
}

/** What this token was asked with before, or something new that is kept. @throws KubeClientError */
export async function credentialsFor(
  client: Client,
  token: AccessToken,
): Promise<JoinerCredentials> {
  const key = keyFor(token);
  const known = read(await client.find(secret, key));
  if (known !== undefined) return known;
  const made = await createJoinerCredentials();
  try {
    await client.create(secret, shape(token, made));
    return made;
  } catch (thrown) {
    if (!isKubeError(thrown, 'KUBE_ALREADY_EXISTS')) throw thrown;
  }
  // Somebody else was faster, or it cannot be read: then it is made anew with the next try.
  const now = read(await client.find(secret, key));
  if (now === undefined) await client.remove(secret, key);
  return now ?? made;
}

/** Forgets them: the token is redeemed, or refused for good. @throws KubeClientError */
export async function forgetCredentials(client: Client, token: AccessToken): Promise<void> {
  await client.remove(secret, keyFor(token));
}

function shape(token: AccessToken, { keys, signingRequest }: JoinerCredentials): Secret {
  const { name, uid = '' } = token.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...keyFor(token),
      ownerReferences: [
        { apiVersion: 'skupper.io/v2alpha1', kind: 'AccessToken', name, uid, controller: true },
      ],
    },
    type: 'Opaque',
    data: encodeSecretData({
      'tls.key': privateKeyPem(keys.privateKey),
      [requestKey]: signingRequest,
    }),
  };
}

function read(found: Secret | undefined): JoinerCredentials | undefined {
  if (found === undefined) return undefined;
  const signingRequest = textOf(found, requestKey);
  try {
    const keys = parsePrivateKey(textOf(found, 'tls.key'));
    return signingRequest === '' ? undefined : { keys, signingRequest };
  } catch (thrown) {
    if (thrown instanceof PkiError) return undefined;
    throw thrown;
  }
}
