/**
 * How a gateway knows who created a grant: the API of `drawbridge up` says so itself; in a cluster
 * the gateway is asked about each grant and seals it.
 */
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import {
  AdmissionService,
  type Approvers,
  Creators,
  sealKey,
  serverApprovers,
} from '#gateway/index.ts';
import type { KubeClient } from '#kubeclient/index.ts';
import { AppError } from '../errors.ts';
import { systemClock, systemRandom } from '../system.ts';
import { readCas } from '../tls-files.ts';

export interface CreatorFlags {
  /** Believe that everybody who can make grants may do what they open. */
  readonly trustAll: boolean;
  /** Absent: the API server asks nobody, and only grants that the gateway issued itself work. */
  readonly admission?: {
    readonly port: number;
    /** Secret in the gateway's namespace. */
    readonly secret: string;
    readonly clientCaFile?: string;
  };
}

export interface CreatorDeps {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
}

/** Who says who made what. */
export interface Vouching {
  /** Absent: grants are believed as they are. */
  readonly creators?: Creators;
  /** Absent: what `creators` were told counts. */
  readonly approvers?: Approvers;
}

/**
 * @throws AppError APP_SETTINGS; GatewayError GATEWAY_CONFIG; KubeClientError
 */
export async function creatorsFor(
  { client, log }: CreatorDeps,
  { trustAll, admission }: CreatorFlags,
  namespace: string,
): Promise<Vouching> {
  const version = await client.raw<{ gitVersion?: string }>({ method: 'GET', path: '/version' });
  if (version.gitVersion?.includes('drawbridge') === true) {
    if (admission === undefined) return { approvers: serverApprovers };
    throw new AppError(
      'APP_SETTINGS',
      `${client.server} is a drawbridge up, which decides about grants itself`,
      'leave --admission-port out',
    );
  }
  if (!trustAll) {
    const key = await sealKey({ client, random: systemRandom }, namespace);
    return { creators: new Creators(key, systemClock) };
  }
  log.warn('whoever can make grants is believed to hold what they open', {});
  return {};
}

/** Begins to answer the API server. @throws AppError APP_FILE_UNREADABLE */
export async function startAdmission(
  deps: CreatorDeps & { readonly creators: Creators },
  flags: NonNullable<CreatorFlags['admission']>,
  where: { readonly host: string; readonly namespace: string },
): Promise<Running> {
  const { port, secret: name, clientCaFile } = flags;
  const clientCa =
    clientCaFile === undefined ? {} : { clientCa: await readCas(clientCaFile, 'the client CA') };
  const service = new AdmissionService(
    { ...deps, clock: systemClock },
    { host: where.host, port, secret: { namespace: where.namespace, name }, ...clientCa },
  );
  await service.start();
  return service;
}
