/** A foreign AMQP peer (rhea) that behaves like the management side of a router, as told. */
import type { AddressInfo, Server } from 'node:net';
import type { TestContext } from 'node:test';
import rhea, { type EventContext, type Message, type Sender } from 'rhea';

export interface ManagementPeer {
  readonly port: number;
  /** Addresses that clients receive from, in order of attachment. */
  readonly subscriptions: string[];
  /** Sends to all who receive from an address. */
  publish(address: string, message: Message): void;
  /** Messages that came to anything but `$management`. */
  readonly published: Message[];
  /** Cuts all connections. */
  disconnect(): void;
  readonly connectionCount: number;
}

export interface ManagementPeerOptions {
  /** The answer to a request; undefined for none. */
  readonly answer: (request: Message) => Partial<Message> | undefined;
  /** Credit on each sender of the client. Default 250. */
  readonly credit?: number;
}

export async function startManagementPeer(
  t: TestContext,
  options: ManagementPeerOptions,
): Promise<ManagementPeer> {
  const container = rhea.create_container({ id: 'peer-router' });
  container.sasl_server_mechanisms.enable_anonymous();
  const senders = new Map<string, Set<Sender>>();
  const connections = new Set<EventContext['connection']>();
  const subscriptions: string[] = [];
  const published: Message[] = [];
  let nextReply = 1;
  const everyConnection = new Set<EventContext['connection']>();
  container.on('connection_open', ({ connection }: EventContext) => {
    connections.add(connection);
    everyConnection.add(connection);
  });
  container.on('connection_close', ({ connection }: EventContext) =>
    connections.delete(connection),
  );
  container.on('disconnected', ({ connection }: EventContext) => connections.delete(connection));
  container.on('sender_open', ({ sender }: EventContext) => {
    if (sender === undefined) return;
    const dynamic = sender.source.dynamic === true;
    const address = dynamic
      ? `amqp:/_topo/0/peer-router/temp.${nextReply++}`
      : sender.source.address;
    sender.set_source({ address });
    if (!dynamic) subscriptions.push(address);
    const known = senders.get(address) ?? new Set();
    known.add(sender);
    senders.set(address, known);
  });
  container.on('receiver_open', ({ receiver }: EventContext) => {
    receiver?.set_target({ address: receiver.target.address });
    receiver?.add_credit(options.credit ?? 250);
  });
  const publish = (address: string, message: Message): void => {
    for (const sender of senders.get(address) ?? []) if (sender.is_open()) sender.send(message);
  };
  container.on('message', ({ message, receiver }: EventContext) => {
    if (message === undefined) return;
    receiver?.add_credit(1);
    const isRequest = (message.to ?? receiver?.target.address)?.endsWith('$management') === true;
    if (!isRequest) {
      published.push(message);
      return;
    }
    const answer = options.answer(message);
    if (answer === undefined || message.reply_to === undefined) return;
    publish(message.reply_to, {
      to: message.reply_to,
      correlation_id: message.correlation_id,
      ...answer,
    } as Message);
  });
  const server: Server = container.listen({
    port: 0,
    host: '127.0.0.1',
    receiver_options: { credit_window: 0 },
  });
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  const disconnect = (): void => {
    for (const connection of connections) internals(connection).socket.destroy();
  };
  t.after(() => {
    disconnect();
    server.close();
    // rhea leaves the heartbeat of a connection that was cut running.
    for (const connection of everyConnection) clearTimeout(internals(connection).heartbeat_out);
  });
  return {
    port: (server.address() as AddressInfo).port,
    subscriptions,
    publish,
    published,
    disconnect,
    get connectionCount() {
      return connections.size;
    },
  };
}

interface Internals {
  readonly socket: { destroy(): void };
  readonly heartbeat_out: NodeJS.Timeout | undefined;
}

function internals(connection: EventContext['connection']): Internals {
  return connection as unknown as Internals;
}
