/** The access gateway of `drawbridge up`, before the embedded API server. */
import { collectYoung, YoungHeap } from './router-process/young-heap.ts';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import { announce, recordingKeyName, serverApprovers, startGateway } from '#gateway/index.ts';
import { EventRecorder } from '#kubeclient/index.ts';
import type { Metrics } from '#telemetry/index.ts';
import { createTokenRequestFace, requestRatesDefault } from '#token-request/index.ts';
import { type ApiPart, urlHost } from './api-part.ts';
import type { RunningStack } from './running-stack.ts';
import { systemClock, systemRandom } from './system.ts';

export interface GatewayPartOptions {
  readonly api: ApiPart;
  readonly metrics: Metrics;
  readonly dataPath: string;
  readonly listen: string;
  readonly port: number;
  readonly advertise: string;
}

/** Where the gateway tells its address, and whose Secrets no grant opens. */
export const gatewayNamespace = 'drawbridge-system';

/** Recordings of terminals on one machine: how long they stay, and how much they may take. */
const recordingKeepMs = 30 * 24 * 3600 * 1000;
const recordingBytesMax = 1024 * 1024 * 1024;

/** Starts it; all of it goes onto the stack. @throws GatewayError, HttpError */
export async function startGatewayPart(
  stack: RunningStack,
  log: Logger,
  options: GatewayPartOptions,
): Promise<{ readonly url: string }> {
  const { api, metrics, advertise } = options;
  const deps = { client: api.client, clock: systemClock, random: systemRandom, log, metrics };
  const events = stack.add('gateway events', new EventRecorder(deps, 'drawbridge-gateway'));
  const folder = join(options.dataPath, 'audit');
  const recordings = join(options.dataPath, 'recordings');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // The way for bots to short-lived tokens: nothing of it uses a credential of ours.
  const tokens = createTokenRequestFace(deps, {
    prefix: '/kubernetes',
    upstream: { url: new URL(api.connection.server), ca: async () => api.ca },
    policy: {},
    rates: requestRatesDefault,
    trustedProxies: [],
    corsOrigins: [],
  });
  stack.add('token requests', { stop: async () => tokens.close() });
  const gateway = stack.add(
    'gateway',
    await startGateway(
      {
        ...deps,
        events,
        approvers: serverApprovers,
        beside: tokens,
        onRead: new YoungHeap(collectYoung()).onRead,
      },
      {
        host: options.listen,
        port: options.port,
        tls: { ...api.tls, minVersion: 'TLSv1.2' },
        hosts: [advertise, options.listen],
        clusters: new Map([['local', api.connection]]),
        issuing: api.connection,
        // On one machine everything is its owner's; what a grant may not do, its rules say.
        identity: 'account',
        namespace: gatewayNamespace,
        protectedNamespaces: [gatewayNamespace, 'kube-system'],
        recording: {
          directory: recordings,
          keyPath: join(recordings, recordingKeyName),
          policy: 'asked',
          keepMs: recordingKeepMs,
          limits: { totalBytesMax: recordingBytesMax },
        },
        audit: { file: join(folder, 'gateway.jsonl'), failClosed: true },
      },
    ),
  );
  api.onTls((identity) => gateway.setTls({ ...identity, minVersion: 'TLSv1.2' }));
  const url = `https://${urlHost(advertise)}:${gateway.port}`;
  try {
    await announce(api.client, gatewayNamespace, { url, ca: api.ca, clusters: ['local'] });
  } catch (thrown) {
    log.warn('the command line will not find the gateway', { reason: messageOf(thrown) });
  }
  return { url };
}
