/** Where the gateway is: said on the command line, or told by the gateway in the API it serves. */
import { readFile } from 'node:fs/promises';
import { messageOf } from '#base/errors.ts';
import { addressIn, announcementKey, type GatewayAddress } from '#gateway/index.ts';
import { type ConfigMap, configMap } from '#kube/index.ts';
import { isKubeError } from '#kubeclient/index.ts';
import { CliError, usageError } from '../errors.ts';
import type { Session } from './session.ts';

/** Where gateways announce themselves unless told otherwise. */
export const gatewayNamespaceDefault = 'drawbridge-system';

export interface AddressFlags {
  readonly gateway?: string;
  readonly gatewayNamespace: string;
  /** PEM bundle instead of what the gateway tells. */
  readonly gatewayCaFile?: string;
}

/** @throws CliError CLI_USAGE, CLI_NOT_THERE */
export async function gatewayAddress(
  session: Session,
  flags: AddressFlags,
): Promise<GatewayAddress> {
  const key = announcementKey(flags.gatewayNamespace);
  const { gatewayCaFile } = flags;
  const given = gatewayCaFile === undefined ? undefined : await readCa(gatewayCaFile);
  const told = addressIn(await toldIn(session, key, flags.gateway !== undefined));
  if (flags.gateway === undefined) {
    if (told !== undefined) return { ...told, ca: given ?? told.ca };
    throw new CliError('CLI_NOT_THERE', `no gateway has announced itself in ${key.namespace}`, {
      todo: "start 'drawbridge up' or 'drawbridge gateway serve', or give --gateway https://HOST",
    });
  }
  const url = checkGatewayUrl(flags.gateway);
  return { url, ca: given ?? told?.ca ?? '' };
}

/** @param spare true when the address is known anyway, so that not being allowed to ask is no matter */
async function toldIn(
  session: Session,
  key: ReturnType<typeof announcementKey>,
  spare: boolean,
): Promise<ConfigMap | undefined> {
  try {
    return await session.client.find(configMap, key);
  } catch (thrown) {
    if (spare && isKubeError(thrown, 'KUBE_FORBIDDEN')) return undefined;
    throw thrown;
  }
}

async function readCa(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CliError('CLI_FILE', `--gateway-ca-file cannot be read: ${messageOf(cause)}`, {
      todo: 'check the path and its permissions',
      cause,
    });
  }
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
