/** Logging in at the gateway, as flags and files say. */
import { Secret } from '#base/secret.ts';
import { type LoginOptions, parseLoginRules } from '#gateway/index.ts';
import { AppError } from '../errors.ts';
import { readCas, readText } from '../tls-files.ts';

export interface LoginFlags
  extends Pick<LoginOptions, 'issuer' | 'clientId' | 'scopes' | 'groupsClaim' | 'prefix'> {
  readonly clientSecretFile: string;
  readonly caFile?: string;
  readonly rulesFile: string;
}

/** @throws AppError APP_FILE_UNREADABLE; GatewayError GATEWAY_CONFIG for rules that are none */
export async function readLogin(
  flags: LoginFlags,
  where: Pick<LoginOptions, 'namespace' | 'publicUrl'>,
): Promise<LoginOptions> {
  const { clientSecretFile, caFile, rulesFile, ...rest } = flags;
  const secret = (await readText(clientSecretFile, 'the client secret')).trim();
  if (secret === '') {
    const action = 'write the secret that the provider gave the client into the file';
    throw new AppError('APP_FILE_UNREADABLE', 'the file of the client secret is empty', action);
  }
  return {
    ...rest,
    ...where,
    clientSecret: new Secret(secret),
    ...(caFile === undefined ? {} : { ca: await readCas(caFile, 'the CA of the provider') }),
    rules: parseLoginRules(await readText(rulesFile, 'the login rules')),
  };
}
