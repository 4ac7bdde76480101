/**
 * Where the API server asks about grants: HTTPS on a port of its own, at a path that is told to it
 * alone. Everything is bounded, and whoever does not know the path learns nothing.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AttemptLimit, placeOf } from '#base/attempt-limit.ts';
import type { Clock } from '#base/clock.ts';
import type { Logger } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import {
  HttpError,
  readBody,
  type RunningHttpServer,
  sendJson,
  sendText,
  startHttpServer,
  type TlsIdentity,
} from '#http/index.ts';
import { GatewayError } from '../errors.ts';
import { admissionAnswer, parseAdmissionReview } from './admission-review.ts';
import type { CreatorReviews } from './creator-reviews.ts';

export interface ReviewServerDeps {
  readonly reviews: Pick<CreatorReviews, 'decide'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
}

export interface ReviewServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly tls: TlsIdentity;
  /** The one that is answered. */
  readonly path: string;
}

/** An object and its predecessor, with room. Bytes. */
const bodyBytesMax = 4 * 1024 * 1024;
/** Questions that are decided at the same time. */
const busyMax = 32;
/** Questions from one address. */
const askedByOne = { burst: 200, leakMs: 20, keysMax: 4096 };
const limits = {
  connectionsMax: 512,
  connectionsPerAddressMax: 128,
  headersBytesMax: 16 * 1024,
  headersTimeoutMs: 5000,
  requestTimeoutMs: 10_000,
  handshakeTimeoutMs: 5000,
};

/** @throws HttpError HTTP_LISTEN_FAILED, HTTP_TLS_INVALID */
export async function startReviewServer(
  deps: ReviewServerDeps,
  options: ReviewServerOptions,
): Promise<RunningHttpServer> {
  const counter = deps.metrics.counter(
    'drawbridge_gateway_admissions_total',
    'Questions of the API server about writes of grants, by answer.',
    ['answer'],
  );
  const asked = new AttemptLimit(askedByOne);
  let busy = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (!isSame(path, options.path)) return sendText(response, 404, 'not found\n');
    if (request.method !== 'POST') return sendText(response, 405, 'POST only\n');
    const place = placeOf(request.socket.remoteAddress ?? '');
    const nowMs = deps.clock.monotonicMs();
    if (busy >= busyMax || asked.waitMs(place, nowMs) > 0) {
      counter.add(1, { answer: 'busy' });
      return sendText(response, 429, 'too many questions at once\n');
    }
    asked.onAttempt(place, nowMs);
    busy++;
    try {
      const question = parseAdmissionReview(await readBody(request, bodyBytesMax));
      const verdict = await deps.reviews.decide(question);
      counter.add(1, { answer: verdict.allowed ? 'allowed' : 'refused' });
      if (!verdict.allowed) {
        const { namespace, name } = question.object.metadata;
        const { user, operation } = question;
        const what = { user: user.name, operation, resource: `${namespace ?? ''}/${name ?? ''}` };
        deps.log.info('a write of a grant was refused', what);
      }
      sendJson(response, 200, admissionAnswer(question.uid, verdict));
    } catch (thrown) {
      counter.add(1, { answer: 'unreadable' });
      if (thrown instanceof GatewayError) return sendText(response, 400, `${thrown.message}\n`);
      if (!(thrown instanceof HttpError)) throw thrown;
      response.setHeader('connection', 'close');
      const tooLarge = thrown.code === 'HTTP_BODY_TOO_LARGE';
      sendText(response, tooLarge ? 413 : 400, `${thrown.message}\n`);
    } finally {
      busy--;
    }
  };
  const { host, port, tls } = options;
  return startHttpServer({ logger: deps.log, handle }, { host, port, tls, limits });
}

/** In constant time, whatever the lengths. */
function isSame(given: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(right));
}
