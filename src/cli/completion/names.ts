/** Names that exist, for completion. Whatever goes wrong, there are none: a shell shows no errors. */
import { gatewayToken } from '#apis/index.ts';
import type { ResourceDefinition } from '#kube/index.ts';
import { apiResources } from '../api/api-resources.ts';
import {
  accessToken,
  certificate,
  connector,
  link,
  listener,
  namespaceKind,
  secretKind,
  site,
} from '../api/kinds.ts';
import { contextNames } from '../api/locate.ts';
import { withSession } from '../api/session.ts';
import type { GlobalFlags } from '../input/format.ts';
import type { CliIo } from '../io.ts';
import type { NameKind } from './candidates.ts';

/** Longest wait for the API; a person waits with a finger on the key. Milliseconds. */
const namesMsMax = 2000;

const kinds: Readonly<Record<Exclude<NameKind, 'context' | 'resource'>, ResourceDefinition>> = {
  accesstoken: accessToken,
  certificate,
  connector,
  gatewaytoken: gatewayToken,
  link,
  listener,
  namespace: namespaceKind,
  secret: secretKind,
  site,
};

/** Names of a kind. */
export async function namesOf(
  io: CliIo,
  flags: GlobalFlags,
  kind: NameKind,
): Promise<readonly string[]> {
  const late = Promise.withResolvers<readonly string[]>();
  const timer = setTimeout(() => late.resolve([]), namesMsMax);
  try {
    return await Promise.race([lookUp(io, flags, kind), late.promise]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}

async function lookUp(io: CliIo, flags: GlobalFlags, kind: NameKind): Promise<readonly string[]> {
  if (kind === 'context') return contextNames(io, flags);
  return withSession(io, flags, async (session) => {
    const { client, namespace } = session;
    if (kind === 'resource') {
      const { resources } = await apiResources(session);
      return resources.map(({ plural, group }) => (group === '' ? plural : `${plural}.${group}`));
    }
    const scope = kind === 'namespace' ? {} : { namespace };
    const { items } = await client.list(kinds[kind], scope);
    return items.map(({ metadata }) => metadata.name);
  });
}
