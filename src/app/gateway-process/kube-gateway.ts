/** The process that has the face of kube-gateway, before the API server that its flags name. */
import { stat } from 'node:fs/promises';
import {
  type CompatGatewayOptions,
  type OAuthOptions,
  startCompatGateway,
} from '#gateway/index.ts';
import type { KubeConnection } from '#kubeclient/index.ts';
import { createMetrics, type RunningLogger } from '#telemetry/index.ts';
import { runUntilStopped } from '../run-until-stopped.ts';
import type { RunningStack } from '../running-stack.ts';
import { systemClock } from '../system.ts';
import { collectYoung, YoungHeap } from '../router-process/young-heap.ts';
import { accountTokenIn } from './account-token.ts';
import { followTlsFiles, readCas, readTlsFiles } from '../tls-files.ts';

export interface KubeGatewayProcessOptions
  extends Pick<
    CompatGatewayOptions,
    'keys' | 'mints' | 'apiPath' | 'basePath' | 'clientPath' | 'publicDir' | 'hosts'
  > {
  readonly listen: string;
  readonly port: number;
  readonly secure: boolean;
  readonly tlsFiles: { readonly cert: string; readonly key: string };
  readonly apiServer: string;
  /** Empty: the system's roots. */
  readonly caFile: string;
  readonly skipVerify: boolean;
  /** Empty: no credential. */
  readonly tokenFile: string;
  readonly auditFile?: string;
  readonly debug: boolean;
  /** Absent: links only. */
  readonly oauth?: Omit<OAuthOptions, 'ca'> & { readonly caFile?: string };
}

/** Where the original looks for pages when it is not told. */
const publicDirDefault = './web/public';

/** Runs until SIGINT or SIGTERM. @returns 0 when told to stop, 1 when it could not start */
export function runKubeGateway(options: KubeGatewayProcessOptions): Promise<number> {
  return runUntilStopped(
    { component: 'gateway', level: options.debug ? 'debug' : 'info' },
    (log, stack) => serve(options, log, stack),
  );
}

async function serve(
  options: KubeGatewayProcessOptions,
  log: RunningLogger,
  stack: RunningStack,
): Promise<void> {
  const { tlsFiles, secure, auditFile } = options;
  const publicDir = options.publicDir ?? (await usualPages());
  const oauth = options.oauth && (await oauthOf(options.oauth));
  const gateway = await startCompatGateway(
    {
      clock: systemClock,
      log,
      metrics: createMetrics({ processMetrics: true }),
      onRead: new YoungHeap(collectYoung()).onRead,
    },
    {
      host: options.listen,
      port: options.port,
      ...(secure ? { tls: await readTlsFiles(tlsFiles) } : {}),
      hosts: options.hosts,
      connection: await connectionOf(options),
      keys: options.keys,
      mints: options.mints,
      apiPath: options.apiPath,
      basePath: options.basePath,
      clientPath: options.clientPath,
      ...(publicDir === undefined ? {} : { publicDir }),
      ...(oauth === undefined ? {} : { oauth }),
      audit: { ...(auditFile === undefined ? {} : { file: auditFile }), failClosed: true },
    },
  );
  stack.add('gateway', gateway);
  if (secure) {
    stack.add(
      'TLS files',
      followTlsFiles(log, tlsFiles, (identity) => gateway.setTls(identity)),
    );
  }
  if (options.skipVerify) log.warn('the certificate of the API server is not checked');
  process.stdout.write(`drawbridge gateway serves ${options.apiServer} at ${gateway.origin}\n`);
}

async function oauthOf({
  caFile,
  ...rest
}: NonNullable<KubeGatewayProcessOptions['oauth']>): Promise<OAuthOptions> {
  if (caFile === undefined) return rest;
  return { ...rest, ca: await readCas(caFile, 'the CA of the OAuth server') };
}

async function usualPages(): Promise<string | undefined> {
  const found = await stat(publicDirDefault).catch(() => undefined);
  return found?.isDirectory() === true ? publicDirDefault : undefined;
}

/** Unreadable files end the start, as in the original; later the last good token is used on. */
async function connectionOf(options: KubeGatewayProcessOptions): Promise<KubeConnection> {
  const { apiServer, caFile, skipVerify, tokenFile } = options;
  const ca = skipVerify || caFile === '' ? undefined : await readCas(caFile, 'the CA');
  const tokenOf = tokenFile === '' ? undefined : await accountTokenIn(tokenFile, systemClock);
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(skipVerify ? { rejectUnauthorized: false } : {}),
  };
  return {
    server: apiServer,
    namespace: 'default',
    credentials: async () => {
      const token = await tokenOf?.();
      return { tls, headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } };
    },
  };
}
