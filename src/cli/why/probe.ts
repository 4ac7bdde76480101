/**
 * How far one gets towards a host and port from here: name, TCP, TLS, and whether the peer talks on
 * with who shows this certificate. Bounded in time; nothing of the peer is trusted or kept.
 */
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { isRecord } from '#kube/index.ts';

/** Longest wait for each stage; milliseconds. */
const stageMsMax = 4000;
/** Longest wait for the peer's first word, after which silence counts as consent; milliseconds. */
const answerMsMax = 2000;

/** How far it went. `code` is of the system or of TLS, such as ECONNREFUSED. */
export type Reach =
  | { readonly stage: 'done'; readonly addresses: readonly string[] }
  | {
      readonly stage: 'dns' | 'tcp' | 'tls' | 'answer';
      readonly code: string;
      readonly message: string;
      readonly addresses: readonly string[];
    };

/** Certificates for the TLS part, PEM. */
export interface ProbeTls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  /** Check that the certificate names the host. */
  readonly verifyHostname: boolean;
  /** Bytes to send once TLS is up; then the peer must not hang up. */
  readonly greeting?: Buffer;
}

/** What an AMQP peer expects first of a client that shows a certificate. @spec AMQP-1.0 5.3.1 */
export const saslGreeting: Buffer = Buffer.from('AMQP\u0003\u0001\u0000\u0000', 'latin1');

/** Goes as far as it can. Never throws for what the other side does. */
export async function probe(host: string, port: number, tls?: ProbeTls): Promise<Reach> {
  const addresses = await resolve(host);
  if (!Array.isArray(addresses)) return { stage: 'dns', ...addresses, addresses: [] };
  const socket = connectTcp({ host, port, autoSelectFamily: true });
  try {
    const down = await outcome(socket, 'connect', stageMsMax);
    if (down !== undefined) return { stage: 'tcp', ...down, addresses };
    if (tls === undefined) return { stage: 'done', addresses };
    return await probeTls(socket, host, tls, addresses);
  } finally {
    socket.destroy();
  }
}

async function probeTls(
  socket: Socket,
  host: string,
  tls: ProbeTls,
  addresses: readonly string[],
): Promise<Reach> {
  let secure: TLSSocket;
  try {
    secure = connectTls({
      socket,
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ca: tls.ca,
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
      ...(tls.verifyHostname ? {} : { checkServerIdentity: () => undefined }),
    });
  } catch (thrown) {
    return { stage: 'tls', ...faultOf(thrown), addresses };
  }
  const broken = await outcome(secure, 'secureConnect', stageMsMax);
  if (broken !== undefined) return { stage: 'tls', ...broken, addresses };
  if (tls.greeting === undefined) return { stage: 'done', addresses };
  const answered = outcome(secure, 'data', answerMsMax);
  secure.write(tls.greeting);
  const refused = await answered;
  // A peer that says nothing has not refused.
  if (refused === undefined || refused.code === 'ETIMEDOUT') return { stage: 'done', addresses };
  return { stage: 'answer', ...refused, addresses };
}

interface Fault {
  readonly code: string;
  readonly message: string;
}

async function resolve(host: string): Promise<string[] | Fault> {
  if (isIP(host) !== 0) return [host];
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address);
  } catch (thrown) {
    return faultOf(thrown);
  }
}

/** Waits for an event; gives what went wrong instead, if anything. */
function outcome(socket: Socket, event: string, msMax: number): Promise<Fault | undefined> {
  return new Promise((settle) => {
    const timer = setTimeout(
      () => settle({ code: 'ETIMEDOUT', message: `no answer within ${msMax} ms` }),
      msMax,
    );
    const end = (fault?: Fault): void => {
      clearTimeout(timer);
      settle(fault);
    };
    socket.once(event, () => end());
    // Stays: a destroyed socket may still complain.
    socket.on('error', (error) => end(faultOf(error)));
    socket.once('close', () => end({ code: 'ECLOSED', message: 'the peer closed the connection' }));
  });
}

function faultOf(thrown: unknown): Fault {
  const code = isRecord(thrown) ? thrown['code'] : undefined;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  // Of several addresses none answered: the first tells as much as all of them.
  const [first] = thrown instanceof AggregateError ? (thrown.errors as unknown[]) : [];
  if (first !== undefined) return faultOf(first);
  return { code: typeof code === 'string' ? code : 'UNKNOWN', message };
}
