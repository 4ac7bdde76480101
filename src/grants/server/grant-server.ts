/**
 * The HTTPS server where tokens are redeemed. Requests are read in exchange.ts, the rules are in
 * redeemer.ts. Its certificate is replaced while it serves when the Secret changes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { HttpError, type RunningHttpServer, startHttpServer } from '#http/index.ts';
import type { GrantsDeps } from '../controller-deps.ts';
import type { GrantAddressSource } from '../grant-controller.ts';
import type { GrantAddress } from '../grant-decision.ts';
import { answerRedemption } from './exchange.ts';
import { GrantDirectory } from './grant-directory.ts';
import {
  awaitIdentity,
  ensureIdentityObjects,
  identityKey,
  readIdentity,
  type ServerIdentity,
} from './grant-server-identity.ts';
import { accessGrant, secret, site } from '../kinds.ts';
import { IssueRecorder } from './issue-record.ts';
import { Redeemer, type RedeemerOptions } from './redeemer.ts';
import { RedemptionCounter } from './redemption-counter.ts';
import type { GuessLimits } from './guessing/guess-limit.ts';
import { RefusalRecorder } from './guessing/refusal-recorder.ts';

export interface GrantServerOptions extends RedeemerOptions {
  /** Address to bind. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Host in the URLs of grants; default `host`. */
  readonly advertise?: string;
  /** More names and addresses for the certificate. */
  readonly hosts?: readonly string[];
  /** The controller's own namespace, made if missing; default `drawbridge-system`. */
  readonly namespace?: string;
  /** `given`: somebody else keeps the Certificates of that namespace. Default `made`. */
  readonly identity?: 'given' | 'made';
  /** Limits on wrong codes other than the usual ones. */
  readonly guessLimits?: Partial<GuessLimits>;
  /** How long to wait for the certificate controller, in milliseconds; default 30 000. */
  readonly identityWaitMs?: number;
}

/** A grant server that serves; also tells controllers where it is. */
export interface RunningGrantServer extends Running, GrantAddressSource {
  /** `https://host:port` as in the URLs of grants. */
  readonly url: string;
}

/** Headers are a name, a subject and at most a certificate request. */
const limits = {
  connectionsMax: 1024,
  headersBytesMax: 32 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  keepAliveTimeoutMs: 15_000,
};

/**
 * Makes the server's Certificates unless they are given, waits for them and serves. The certificate controller must run.
 * @throws GrantsError GRANTS_IDENTITY_MISSING; HttpError HTTP_LISTEN_FAILED; KubeClientError
 */
export async function startGrantServer(
  deps: GrantsDeps,
  options: GrantServerOptions,
): Promise<RunningGrantServer> {
  const namespace = options.namespace ?? 'drawbridge-system';
  const advertise = options.advertise ?? options.host;
  const { informers } = deps;
  const log = deps.log.child({ component: 'grant-server' });
  if (options.identity !== 'given') {
    const hosts = [advertise, options.host, ...(options.hosts ?? [])].filter(isNameable);
    await ensureIdentityObjects(deps, namespace, hosts);
  }
  await Promise.all([accessGrant, site, secret].map((kind) => informers.of(kind).synced));
  const identity = await awaitIdentity(deps, namespace, options.identityWaitMs ?? 30_000);
  const directory = new GrantDirectory(informers.of(accessGrant));
  const refusals = new RefusalRecorder(
    { ...deps, log, grants: informers.of(accessGrant) },
    { limits: options.guessLimits ?? {} },
  );
  const records = new IssueRecorder({ ...deps, log });
  const redeemer = new Redeemer(
    {
      ...deps,
      log,
      grants: directory,
      sites: informers.of(site),
      secrets: informers.of(secret),
      counter: new RedemptionCounter({ ...deps, log }),
      records,
      refusals,
    },
    options,
  );
  const handle = (request: IncomingMessage, response: ServerResponse): Promise<void> =>
    answerRedemption(redeemer, request, response);
  let server: RunningHttpServer;
  try {
    server = await startHttpServer({ logger: log, handle }, { ...options, tls: identity, limits });
  } catch (thrown) {
    directory.close();
    await refusals.stop();
    throw thrown;
  }
  const url = `https://${bracketed(advertise)}:${server.port}`;
  const address = new ServedAddress(deps, { log, namespace, url, server, identity });
  address.follow();
  log.info('grant server listens', { url });
  return {
    url,
    current: () => address.current(),
    onChange: (listener) => address.onChange(listener),
    stop: async (stopOptions) => {
      address.leave();
      directory.close();
      await server.stop(stopOptions);
      records.stop();
      await refusals.stop();
    },
  };
}

/** A bind address such as 0.0.0.0 is no name to put into a certificate. */
function isNameable(host: string): boolean {
  return host !== '0.0.0.0' && host !== '::';
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

interface ServedAddressOptions {
  readonly log: Logger;
  readonly namespace: string;
  readonly url: string;
  readonly server: RunningHttpServer;
  readonly identity: ServerIdentity;
}

/** Follows the server's Secret: new handshakes use the new certificate, grants get the new CA. */
class ServedAddress {
  readonly #deps: Pick<GrantsDeps, 'informers'>;
  readonly #options: ServedAddressOptions;
  readonly #listeners = new Set<() => void>();
  #identity: ServerIdentity;
  #leave: () => void = () => undefined;

  constructor(deps: Pick<GrantsDeps, 'informers'>, options: ServedAddressOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#identity = options.identity;
  }

  current(): GrantAddress {
    return { url: this.#options.url, caPem: this.#identity.caPem };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  follow(): void {
    const { namespace, name } = identityKey(this.#options.namespace);
    this.#leave = this.#deps.informers.of(secret).onChange(({ type, object }) => {
      const isOurs = object.metadata.name === name && object.metadata.namespace === namespace;
      if (isOurs && type !== 'deleted') this.#adopt(readIdentity(object));
    });
  }

  leave(): void {
    this.#leave();
  }

  #adopt(identity: ServerIdentity | undefined): void {
    const { log, server } = this.#options;
    const { cert, caPem } = this.#identity;
    if (identity === undefined || (identity.cert === cert && identity.caPem === caPem)) return;
    try {
      server.setTls(identity);
    } catch (thrown) {
      if (!(thrown instanceof HttpError)) throw thrown;
      log.warn('the new certificate cannot be used; the old one stays', { error: thrown.message });
      return;
    }
    this.#identity = identity;
    for (const listener of this.#listeners) listener();
  }
}
