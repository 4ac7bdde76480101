/** Where the gateway is: said on the command line, or told by the gateway in the API it serves. */
import { addressIn, announcementKey, type GatewayAddress } from '#gateway/index.ts';
import { configMap } from '#kube/index.ts';
import { CliError, usageError } from '../errors.ts';
import type { Session } from './session.ts';

/** Where gateways announce themselves unless told otherwise. */
export const gatewayNamespaceDefault = 'drawbridge-system';

export interface AddressFlags {
  readonly gateway?: string;
  readonly gatewayNamespace: string;
}

/** @throws CliError CLI_USAGE, CLI_NOT_THERE */
export async function gatewayAddress(
  session: Session,
  flags: AddressFlags,
): Promise<GatewayAddress> {
  const key = announcementKey(flags.gatewayNamespace);
  const told = addressIn(await session.client.find(configMap, key));
  if (flags.gateway === undefined) {
    if (told !== undefined) return told;
    throw new CliError('CLI_NOT_THERE', `no gateway has announced itself in ${key.namespace}`, {
      todo: "start 'drawbridge up' or 'drawbridge gateway serve', or give --gateway https://HOST",
    });
  }
  const url = checkGatewayUrl(flags.gateway);
  return { url, ca: told?.ca ?? '' };
}

/** The URL without a trailing slash. @throws CliError CLI_USAGE */
export function checkGatewayUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' && url.pathname === '/' && url.search === '' && url.hash === '') {
    return url.origin;
  }
  throw usageError(
    [`--gateway is not valid: "${text}" is not an https URL without a path`],
    'give it as https://HOST or https://HOST:PORT',
  );
}
