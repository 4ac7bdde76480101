/**
 * From the first byte to open: protocol headers, SASL, opens. Without mechanisms SASL is left out.
 *
 *   client: idle -> saslHeader -> saslMechanisms -> saslOutcome -> amqpHeader -> open -> done
 *   server: idle -> saslHeader -> saslInit ----------------------> amqpHeader -> open -> done
 *
 * Each state is named after what it waits for.
 *
 * @spec AMQP-1.0 2.2 2.4.1 5.3
 */
import { Buffer } from 'node:buffer';
import { AmqpConditions, AmqpError } from '../errors.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import type { Cursor } from '../wire/cursor.ts';
import { Descriptors } from '../wire/descriptors.ts';
import type { Outbox } from '../wire/outbox.ts';
import {
  readSaslInit,
  readSaslMechanisms,
  readSaslOutcome,
  writeSaslInit,
  writeSaslMechanisms,
  writeSaslOutcome,
} from '../wire/performatives.ts';
import type { SaslMechanism } from './contract.ts';

export type HandshakeState =
  | 'idle'
  | 'saslHeader'
  | 'saslMechanisms'
  | 'saslInit'
  | 'saslOutcome'
  | 'amqpHeader'
  | 'open'
  | 'done';

export interface HandshakeOptions {
  readonly role: 'client' | 'server';
  readonly saslMechanisms: readonly SaslMechanism[];
  /** Server: a peer may leave SASL out. */
  readonly saslOptional: boolean;
  readonly externalIdentity: string | undefined;
  readonly anonymousTrace: string | undefined;
  readonly hostname: string | undefined;
}

const amqpProtocol = 0;
const saslProtocol = 3;
/** sasl-outcome codes. @spec AMQP-1.0 5.3.3.6 */
const saslOk = 0;
const saslAuth = 1;

const refused = (message: string): AmqpError =>
  new AmqpError('AMQP_SASL', AmqpConditions.unauthorizedAccess, message);

export class Handshake {
  readonly #options: HandshakeOptions;
  readonly #outbox: Outbox;
  readonly #sendOpen: () => void;
  #state: HandshakeState = 'idle';
  #mechanism: SaslMechanism | undefined = undefined;

  /** @param sendOpen writes our open; called when it is due */
  constructor(options: HandshakeOptions, outbox: Outbox, sendOpen: () => void) {
    this.#options = options;
    this.#outbox = outbox;
    this.#sendOpen = sendOpen;
  }

  get state(): HandshakeState {
    return this.#state;
  }

  get mechanism(): SaslMechanism | undefined {
    return this.#mechanism;
  }

  start(): void {
    const hasSasl = this.#options.saslMechanisms.length > 0;
    this.#state = hasSasl ? 'saslHeader' : 'amqpHeader';
    if (this.#options.role === 'server') return;
    if (hasSasl) this.#outbox.protocolHeader(saslProtocol);
    else this.#startAmqp();
  }

  /** @throws AmqpError AMQP_PROTOCOL_HEADER */
  onProtocolHeader(protocol: number): void {
    if (this.#state === 'saslHeader' && protocol === saslProtocol) return this.#onSaslHeader();
    if (this.#takesAmqpHeader() && protocol === amqpProtocol) {
      this.#state = 'open';
      if (this.#options.role === 'server') this.#outbox.protocolHeader(amqpProtocol);
      return;
    }
    // Tell the peer what we would have understood, as the specification asks.
    const isFirst = this.#state === 'saslHeader' || this.#state === 'amqpHeader';
    if (isFirst && this.#options.role === 'server') {
      this.#outbox.protocolHeader(this.#state === 'saslHeader' ? saslProtocol : amqpProtocol);
    }
    throw new AmqpError(
      'AMQP_PROTOCOL_HEADER',
      AmqpConditions.framingError,
      'protocol header not expected',
      { facts: { protocol, state: this.#state } },
    );
  }

  /** @throws AmqpError AMQP_SASL, AMQP_STATE, AMQP_DECODE */
  onSaslFrame(code: number, cursor: Cursor): void {
    if (this.#state === 'saslMechanisms' && code === Descriptors.saslMechanisms) {
      return this.#choose(readSaslMechanisms(cursor));
    }
    if (this.#state === 'saslInit' && code === Descriptors.saslInit) {
      return this.#judge(readSaslInit(cursor));
    }
    if (this.#state === 'saslOutcome' && code === Descriptors.saslOutcome) {
      if (readSaslOutcome(cursor) !== saslOk) throw refused('the peer refused us');
      return this.#startAmqp();
    }
    throw new AmqpError('AMQP_STATE', AmqpConditions.framingError, 'SASL frame not expected', {
      facts: { code, state: this.#state },
    });
  }

  /** The peer's open came. @throws AmqpError AMQP_STATE */
  onOpen(): void {
    if (this.#state !== 'open') {
      throw new AmqpError('AMQP_STATE', AmqpConditions.illegalState, 'open not expected', {
        facts: { state: this.#state },
      });
    }
    this.#state = 'done';
    if (this.#options.role === 'server') this.#sendOpen();
  }

  #takesAmqpHeader(): boolean {
    const { role, saslOptional } = this.#options;
    if (this.#state === 'amqpHeader') return true;
    return this.#state === 'saslHeader' && role === 'server' && saslOptional;
  }

  #startAmqp(): void {
    this.#state = 'amqpHeader';
    this.#outbox.protocolHeader(amqpProtocol);
    this.#sendOpen();
  }

  #onSaslHeader(): void {
    if (this.#options.role === 'client') {
      this.#state = 'saslMechanisms';
      return;
    }
    this.#state = 'saslInit';
    this.#outbox.protocolHeader(saslProtocol);
    this.#saslFrame((out) => writeSaslMechanisms(out, this.#offered()));
  }

  /** EXTERNAL means the TLS identity: without one it is not offered. */
  #offered(): readonly SaslMechanism[] {
    const { saslMechanisms, externalIdentity } = this.#options;
    return saslMechanisms.filter((name) => name !== 'EXTERNAL' || externalIdentity !== undefined);
  }

  #choose(offered: readonly string[]): void {
    const mechanism = this.#options.saslMechanisms.find((name) => offered.includes(name));
    if (!mechanism) throw refused('no SASL mechanism in common');
    this.#mechanism = mechanism;
    this.#state = 'saslOutcome';
    const trace = mechanism === 'ANONYMOUS' ? (this.#options.anonymousTrace ?? 'anonymous') : '';
    const response = Buffer.from(trace);
    this.#saslFrame((out) => writeSaslInit(out, mechanism, response, this.#options.hostname));
  }

  #judge(asked: string): void {
    const mechanism = this.#offered().find((name) => name === asked);
    this.#saslFrame((out) => writeSaslOutcome(out, mechanism ? saslOk : saslAuth));
    if (!mechanism) throw refused('the peer asked for a mechanism that was not offered');
    this.#mechanism = mechanism;
    this.#state = 'amqpHeader';
  }

  #saslFrame(write: (out: ByteWriter) => void): void {
    const out = this.#outbox.beginFrame(0, 1);
    write(out);
    this.#outbox.endFrame(out);
  }
}
