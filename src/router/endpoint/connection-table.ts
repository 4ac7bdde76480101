/** Every open AMQP connection of this router, for management and for cutting old certificates. */
import type { Connection, ConnectionHandler, PeerOpen } from '#amqp/index.ts';
import type { PeerInfo } from '#net/index.ts';

/** Roles as configuration and management name them. */
export type ConnectionRole = 'normal' | 'inter-router' | 'inter-router-data' | 'edge';

export interface ConnectionOrigin {
  readonly direction: 'in' | 'out';
  readonly role: ConnectionRole;
  readonly peer: PeerInfo;
  /** Name of the listener or connector. */
  readonly endpoint: string;
  readonly sslProfile: string | undefined;
  /** Generation of the certificate in use. */
  readonly ordinal: number;
  readonly correlator: string | undefined;
}

export interface ConnectionRecord extends ConnectionOrigin {
  readonly number: number;
  readonly openedAtMs: number;
  role: ConnectionRole;
  connection: Connection | undefined;
  open: PeerOpen | undefined;
}

export interface ConnectionTableDeps {
  readonly nowMs: () => number;
}

export class ConnectionTable {
  readonly #deps: ConnectionTableDeps;
  readonly #records = new Map<number, ConnectionRecord>();
  #nextNumber = 1;

  constructor(deps: ConnectionTableDeps) {
    this.#deps = deps;
  }

  /** A number for `qd.conn-id`. */
  takeNumber(): number {
    return this.#nextNumber++;
  }

  get size(): number {
    return this.#records.size;
  }

  records(): Iterable<ConnectionRecord> {
    return this.#records.values();
  }

  get(number: number): ConnectionRecord | undefined {
    return this.#records.get(number);
  }

  /** The handler with the record kept beside it while the connection is open. */
  recording(number: number, origin: ConnectionOrigin, inner: ConnectionHandler): ConnectionHandler {
    const record: ConnectionRecord = {
      ...origin,
      number,
      openedAtMs: this.#deps.nowMs(),
      connection: undefined,
      open: undefined,
    };
    return {
      onOpened: (connection, peer) => {
        record.connection = connection;
        record.open = peer;
        if (peer.properties.get('qd.inter-router-role') === 4 && record.role === 'inter-router') {
          record.role = 'inter-router-data';
        }
        this.#records.set(number, record);
        inner.onOpened(connection, peer);
      },
      onSession: (connection, begin) => inner.onSession(connection, begin),
      onClosed: (connection, reason) => {
        this.#records.delete(number);
        inner.onClosed(connection, reason);
      },
    };
  }

  /** Closes the connections of a profile that are older than its oldest valid generation. */
  closeOlder(sslProfile: string, oldestValidOrdinal: number): void {
    for (const record of Array.from(this.#records.values())) {
      if (record.sslProfile !== sslProfile || record.ordinal >= oldestValidOrdinal) continue;
      record.connection?.close({
        condition: 'amqp:connection:forced',
        description: 'the certificate of this connection is no longer valid here',
      });
    }
  }
}
