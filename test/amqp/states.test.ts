/** Every state of connection, session and link meets every input. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AmqpError,
  type ConnectionOptions,
  type EndReason,
  type IncomingDelivery,
  type Session,
  type SessionHandler,
} from '#amqp/index.ts';
import { amqpHeader, frames, heartbeat, saslHeader } from '../support/amqp-frames.ts';
import { Side } from '../support/amqp-pair.ts';

/** A machine, what happened to it, and what its user holds. */
class Subject {
  readonly side: Side;
  readonly closed: EndReason[] = [];
  readonly ended: EndReason[] = [];
  readonly detached: EndReason[] = [];
  readonly deliveries: IncomingDelivery[] = [];
  session: Session | undefined = undefined;

  readonly sessionHandler: SessionHandler = {
    onEnded: (_session, reason) => this.ended.push(reason),
    onPeerSender: () => ({ handler: this.receiver }),
    onPeerReceiver: () => ({ handler: this.sender }),
  };
  readonly sender = {
    onDetached: (_link: unknown, reason: EndReason) => this.detached.push(reason),
  };
  readonly receiver = {
    ...this.sender,
    onDelivery: (_link: unknown, delivery: IncomingDelivery) => {
      this.deliveries.push(delivery);
      return { onBytes: () => undefined, onEnd: () => undefined };
    },
  };

  constructor(role: 'client' | 'server', options: Partial<ConnectionOptions> = {}) {
    this.side = new Side(
      {
        onOpened: () => undefined,
        onSession: () => ({ handler: this.sessionHandler }),
        onClosed: (_connection, reason) => this.closed.push(reason),
      },
      { role, containerId: 'x', saslMechanisms: ['ANONYMOUS'], ...options },
    );
    this.side.driver.start(0);
  }

  feed(...all: Buffer[]): this {
    for (const bytes of all) this.side.driver.onBytes(bytes, 0);
    return this;
  }

  /** The code of the fault that closed it. */
  get faultCode(): unknown {
    const cause = this.closed[0]?.cause;
    return cause instanceof AmqpError ? cause.code : cause;
  }

  /** What the machine has come to, in short. */
  get verdict(): string {
    if (this.closed[0])
      return `closed ${this.closed[0].by} ${this.closed[0].error?.condition ?? ''}`.trim();
    const session = this.ended[0];
    if (session) return `ended ${session.by} ${session.error?.condition ?? ''}`.trim();
    const link = this.detached[0];
    if (link) return `detached ${link.by} ${link.error?.condition ?? ''}`.trim();
    return 'fine';
  }
}

const toOpen = (role: 'client' | 'server'): Subject => {
  const subject = new Subject(role);
  if (role === 'client') subject.feed(saslHeader, frames.saslMechanisms, frames.saslOk, amqpHeader);
  else subject.feed(saslHeader, frames.saslInit, amqpHeader);
  return subject.feed(frames.open());
};

const framing = 'closed protocol amqp:connection:framing-error';
const illegal = 'closed protocol amqp:illegal-state';
const notAllowed = 'closed protocol amqp:not-allowed';
const unauthorized = 'closed protocol amqp:unauthorized-access';

const connectionInputs = {
  saslHeader,
  amqpHeader,
  saslMechanisms: frames.saslMechanisms,
  saslInit: frames.saslInit,
  saslInitUnknown: frames.saslInitUnknown,
  saslOk: frames.saslOk,
  saslRefused: frames.saslRefused,
  heartbeat,
  open: frames.open(),
  openTooSmall: frames.open(511),
  begin: frames.begin(3),
  beginAnswer: frames.begin(3, 0),
  attach: frames.attach(0, 0, 'sender'),
  flow: frames.flow(0),
  transfer: frames.transfer(0, 0, 0),
  disposition: frames.disposition(0, 0),
  detach: frames.detach(0, 0),
  end: frames.end(0),
  close: frames.close,
} as const;

type ConnectionInput = keyof typeof connectionInputs;

/** What happens without being named in a row below. */
const beforeOpen: Readonly<Record<ConnectionInput, string>> = {
  saslHeader: framing,
  amqpHeader: framing,
  saslMechanisms: framing,
  saslInit: framing,
  saslInitUnknown: framing,
  saslOk: framing,
  saslRefused: framing,
  heartbeat: 'fine',
  open: illegal,
  openTooSmall: 'closed protocol amqp:invalid-field',
  begin: illegal,
  beginAnswer: illegal,
  attach: illegal,
  flow: illegal,
  transfer: illegal,
  disposition: illegal,
  detach: illegal,
  end: illegal,
  close: illegal,
};

const connectionStates: Readonly<
  Record<string, { make: () => Subject; expect: Partial<Record<ConnectionInput, string>> }>
> = {
  'client waits for SASL header': {
    make: () => new Subject('client'),
    expect: { saslHeader: 'fine' },
  },
  'client waits for mechanisms': {
    make: () => new Subject('client').feed(saslHeader),
    expect: { saslMechanisms: 'fine' },
  },
  'client waits for outcome': {
    make: () => new Subject('client').feed(saslHeader, frames.saslMechanisms),
    expect: { saslOk: 'fine', saslRefused: unauthorized },
  },
  'client waits for AMQP header': {
    make: () => new Subject('client').feed(saslHeader, frames.saslMechanisms, frames.saslOk),
    expect: { amqpHeader: 'fine' },
  },
  'client waits for open': {
    make: () =>
      new Subject('client').feed(saslHeader, frames.saslMechanisms, frames.saslOk, amqpHeader),
    expect: { open: 'fine' },
  },
  'server waits for SASL header': {
    make: () => new Subject('server'),
    expect: { saslHeader: 'fine' },
  },
  'server waits for init': {
    make: () => new Subject('server').feed(saslHeader),
    expect: { saslInit: 'fine', saslInitUnknown: unauthorized },
  },
  'server waits for AMQP header': {
    make: () => new Subject('server').feed(saslHeader, frames.saslInit),
    expect: { amqpHeader: 'fine' },
  },
  'server waits for open': {
    make: () => new Subject('server').feed(saslHeader, frames.saslInit, amqpHeader),
    expect: { open: 'fine' },
  },
  open: {
    make: () => toOpen('server'),
    expect: {
      begin: 'fine',
      beginAnswer: notAllowed,
      attach: notAllowed,
      flow: notAllowed,
      transfer: notAllowed,
      disposition: notAllowed,
      detach: notAllowed,
      end: notAllowed,
      close: 'closed peer',
    },
  },
  'close sent': {
    make: () => {
      const subject = toOpen('server');
      subject.side.driver.connection.close();
      return subject;
    },
    expect: {
      saslHeader: 'closed local',
      amqpHeader: 'closed local',
      saslMechanisms: 'closed local',
      saslInit: 'closed local',
      saslInitUnknown: 'closed local',
      saslOk: 'closed local',
      saslRefused: 'closed local',
      open: 'fine',
      openTooSmall: 'fine',
      begin: 'fine',
      beginAnswer: 'fine',
      attach: 'fine',
      flow: 'fine',
      transfer: 'fine',
      disposition: 'fine',
      detach: 'fine',
      end: 'fine',
      close: 'closed local',
    },
  },
  closed: {
    make: () => {
      const subject = toOpen('server');
      subject.side.driver.onTransportClosed();
      return subject;
    },
    expect: Object.fromEntries(
      Object.keys(connectionInputs).map((input) => [input, 'closed transport']),
    ),
  },
};

describe('connection', () => {
  for (const [state, { make, expect }] of Object.entries(connectionStates)) {
    it(`${state}: meets every input`, () => {
      for (const [input, bytes] of Object.entries(connectionInputs)) {
        const subject = make().feed(bytes);
        const expected = expect[input as ConnectionInput] ?? beforeOpen[input as ConnectionInput];
        assert.equal(subject.verdict, expected, input);
      }
    });
  }
});

const sessionInputs = {
  beginAgain: frames.begin(5),
  beginAnswer: frames.begin(5, 0),
  attachSender: frames.attach(5, 1, 'sender', 'new'),
  attachReceiver: frames.attach(5, 1, 'receiver', 'new'),
  attachAboveMax: frames.attach(5, 5000, 'receiver', 'new'),
  flow: frames.flow(5),
  flowUnknownLink: frames.flow(5, 9),
  transferUnknownLink: frames.transfer(5, 9, 0),
  disposition: frames.disposition(5, 0, 0xffff_ffff),
  dispositionWrapped: frames.disposition(5, 0xffff_fff0, 5, false),
  detachUnknownLink: frames.detach(5, 9),
  end: frames.end(5),
} as const;

type SessionInput = keyof typeof sessionInputs;

/** Our session has channel 0, the peer's side of it channel 5. */
const begun = (): Subject => {
  const subject = toOpen('client');
  subject.session = subject.side.driver.connection.beginSession(subject.sessionHandler);
  return subject;
};

const allSessionInputs = (verdict: string): Record<SessionInput, string> =>
  Object.fromEntries(Object.keys(sessionInputs).map((input) => [input, verdict])) as Record<
    SessionInput,
    string
  >;

const sessionStates: Readonly<
  Record<string, { make: () => Subject; expect: Record<SessionInput, string> }>
> = {
  'begin sent': {
    make: begun,
    expect: { ...allSessionInputs(notAllowed), beginAgain: 'fine', beginAnswer: 'fine' },
  },
  mapped: {
    make: () => begun().feed(frames.begin(5, 0)),
    expect: {
      ...allSessionInputs('fine'),
      beginAgain: notAllowed,
      beginAnswer: notAllowed,
      attachAboveMax: 'ended protocol amqp:not-allowed',
      transferUnknownLink: 'ended protocol amqp:session:unattached-handle',
      end: 'ended peer',
    },
  },
  'end sent': {
    make: () => {
      const subject = begun().feed(frames.begin(5, 0));
      subject.session?.end();
      return subject;
    },
    expect: { ...allSessionInputs('ended local'), beginAgain: notAllowed, beginAnswer: notAllowed },
  },
  'end sent before the answer': {
    make: () => {
      const subject = begun();
      subject.session?.end();
      return subject;
    },
    expect: {
      ...allSessionInputs(notAllowed),
      beginAgain: 'ended local',
      beginAnswer: 'ended local',
    },
  },
  ended: {
    make: () => begun().feed(frames.begin(5, 0), frames.end(5)),
    expect: { ...allSessionInputs(notAllowed), beginAgain: 'ended peer' },
  },
};

describe('session', () => {
  for (const [state, { make, expect }] of Object.entries(sessionStates)) {
    it(`${state}: meets every input`, () => {
      for (const [input, bytes] of Object.entries(sessionInputs)) {
        assert.equal(make().feed(bytes).verdict, expect[input as SessionInput], input);
      }
    });
  }
});

const linkInputs = {
  attach: frames.attach(5, 7, 'sender'),
  attachOther: frames.attach(5, 7, 'receiver'),
  flow: frames.flow(5, 7),
  transfer: frames.transfer(5, 7, 0),
  transferMore: frames.transfer(5, 7, 0, true),
  transferWithoutId: frames.transfer(5, 7, null),
  disposition: frames.disposition(5, 0, null, false),
  detach: frames.detach(5, 7),
} as const;

type LinkInput = keyof typeof linkInputs;

const withReceiver = (creditWindow = 10): Subject => {
  const subject = begun().feed(frames.begin(5, 0));
  subject.session?.attachReceiver('link', { creditWindow }, subject.receiver);
  return subject;
};

const unattached = 'ended protocol amqp:session:unattached-handle';
const invalidField = 'closed protocol amqp:invalid-field';

const linkStates: Readonly<
  Record<string, { make: () => Subject; expect: Record<LinkInput, string> }>
> = {
  'attach sent': {
    make: withReceiver,
    expect: {
      attach: 'fine',
      attachOther: 'fine',
      flow: 'fine',
      transfer: unattached,
      transferMore: unattached,
      transferWithoutId: unattached,
      disposition: 'fine',
      detach: 'fine',
    },
  },
  'attached, credit': {
    make: () => withReceiver().feed(frames.attach(5, 7, 'sender')),
    expect: {
      attach: 'ended protocol amqp:session:handle-in-use',
      attachOther: 'ended protocol amqp:session:handle-in-use',
      flow: 'fine',
      transfer: 'fine',
      transferMore: 'fine',
      transferWithoutId: invalidField,
      disposition: 'fine',
      detach: 'detached peer',
    },
  },
  'attached, no credit': {
    make: () => withReceiver(0).feed(frames.attach(5, 7, 'sender')),
    expect: {
      attach: 'ended protocol amqp:session:handle-in-use',
      attachOther: 'ended protocol amqp:session:handle-in-use',
      flow: 'fine',
      // Our detach has been sent; the verdict comes with the peer's answer.
      transfer: 'fine',
      transferMore: 'fine',
      transferWithoutId: 'fine',
      disposition: 'fine',
      detach: 'detached peer',
    },
  },
  'in a delivery': {
    make: () => withReceiver().feed(frames.attach(5, 7, 'sender'), frames.transfer(5, 7, 0, true)),
    expect: {
      attach: 'ended protocol amqp:session:handle-in-use',
      attachOther: 'ended protocol amqp:session:handle-in-use',
      flow: 'fine',
      transfer: 'fine',
      transferMore: 'fine',
      transferWithoutId: 'fine',
      disposition: 'fine',
      detach: 'detached peer',
    },
  },
  'detach sent': {
    make: () => {
      const subject = begun().feed(frames.begin(5, 0));
      const link = subject.session?.attachReceiver('link', {}, subject.receiver);
      subject.feed(frames.attach(5, 7, 'sender'));
      link?.detach();
      return subject;
    },
    expect: {
      attach: 'ended protocol amqp:session:handle-in-use',
      attachOther: 'ended protocol amqp:session:handle-in-use',
      flow: 'fine',
      transfer: 'fine',
      transferMore: 'fine',
      transferWithoutId: 'fine',
      disposition: 'fine',
      detach: 'detached local',
    },
  },
  detached: {
    make: () => withReceiver().feed(frames.attach(5, 7, 'sender'), frames.detach(5, 7)),
    expect: {
      attach: 'detached peer',
      attachOther: 'detached peer',
      flow: 'detached peer',
      transfer: unattached,
      transferMore: unattached,
      transferWithoutId: unattached,
      disposition: 'detached peer',
      detach: 'detached peer',
    },
  },
};

describe('link', () => {
  for (const [state, { make, expect }] of Object.entries(linkStates)) {
    it(`${state}: meets every input`, () => {
      for (const [input, bytes] of Object.entries(linkInputs)) {
        assert.equal(make().feed(bytes).verdict, expect[input as LinkInput], input);
      }
    });
  }

  it('detaches when a delivery comes without credit', () => {
    const subject = withReceiver(0).feed(frames.attach(5, 7, 'sender'), frames.transfer(5, 7, 0));
    assert.equal(subject.deliveries.length, 0);
    subject.feed(frames.detach(5, 7));
    assert.equal(subject.verdict, 'detached local amqp:link:transfer-limit-exceeded');
  });

  it('ends the session when more transfers come than its window allows', () => {
    const subject = toOpen('client');
    const session = subject.side.driver.connection.beginSession(subject.sessionHandler, {
      incomingWindowFrames: 4,
    });
    session.holdWindow(true);
    subject.feed(frames.begin(5, 0));
    session.attachReceiver('link', {}, subject.receiver);
    subject.feed(frames.attach(5, 7, 'sender'), frames.transfer(5, 7, 0, true));
    for (let index = 0; index < 3; index++) subject.feed(frames.transfer(5, 7, 0, true));
    assert.equal(subject.verdict, 'fine');
    subject.feed(frames.transfer(5, 7, 0, true));
    assert.equal(subject.verdict, 'ended protocol amqp:session:window-violation');
  });

  it('detaches when a message grows beyond max-message-size', () => {
    const subject = begun().feed(frames.begin(5, 0));
    subject.session?.attachReceiver('link', { maxMessageSizeBytes: 10 }, subject.receiver);
    const large = frames.transfer(5, 7, 0, true, 'x'.repeat(11));
    subject.feed(frames.attach(5, 7, 'sender'), large, frames.detach(5, 7));
    assert.equal(subject.verdict, 'detached local amqp:link:message-size-exceeded');
  });

  it('refuses a second delivery inside one and an id in use', () => {
    const attached = (): Subject => withReceiver().feed(frames.attach(5, 7, 'sender'));
    const inside = attached().feed(frames.transfer(5, 7, 0, true), frames.transfer(5, 7, 1, true));
    assert.equal(inside.verdict, notAllowed);
    const twice = attached().feed(frames.transfer(5, 7, 0), frames.transfer(5, 7, 0));
    assert.equal(twice.verdict, notAllowed);
  });

  it('walks no further than there are deliveries for a huge range', () => {
    const subject = withReceiver().feed(frames.attach(5, 7, 'sender'));
    const startMs = performance.now();
    for (let index = 0; index < 200; index++) subject.feed(frames.disposition(5, 1, 0));
    assert.ok(performance.now() - startMs < 2000);
  });
});

describe('limits', () => {
  it('closes on a frame larger than announced', () => {
    const subject = toOpen('server');
    const size = Buffer.from('00100000020000000053', 'hex');
    assert.equal(subject.feed(size).verdict, framing);
    assert.equal(subject.faultCode, 'AMQP_FRAME_TOO_LARGE');
  });

  it('allows only small frames before open', () => {
    const subject = new Subject('server', { maxFrameSizeBytes: 1_000_000 });
    subject.feed(saslHeader, Buffer.from('0000800002010000', 'hex'));
    assert.equal(subject.faultCode, 'AMQP_FRAME_TOO_LARGE');
  });

  it('refuses channels above channel-max', () => {
    const subject = new Subject('server', { channelMax: 3 });
    subject.feed(saslHeader, frames.saslInit, amqpHeader, frames.open(), frames.begin(3));
    assert.equal(subject.verdict, 'fine');
    assert.equal(subject.feed(frames.begin(4)).verdict, notAllowed);
  });

  it('begins no more sessions than the peer has channels', () => {
    const subject = new Subject('client', { channelMax: 1 });
    subject.feed(saslHeader, frames.saslMechanisms, frames.saslOk, amqpHeader, frames.open());
    const { connection } = subject.side.driver;
    connection.beginSession({});
    connection.beginSession({});
    assert.throws(() => connection.beginSession({}), { code: 'AMQP_LIMIT' });
    assert.equal(connection.sessionCount, 2);
  });

  it('refuses to begin a session before open and to attach after end', () => {
    const subject = new Subject('client');
    assert.throws(() => subject.side.driver.connection.beginSession({}), { code: 'AMQP_STATE' });
    const session = toOpen('client').side.driver.connection.beginSession({});
    session.end();
    assert.throws(() => session.attachSender('x', {}, {}), { code: 'AMQP_STATE' });
  });
});
