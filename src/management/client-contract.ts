/** What users of a management client see. */
import type { Message, MessageInit } from '#amqp/index.ts';
import type { Running, Startable } from '#base/lifecycle.ts';
import type { TlsClientOptions, TlsMaterial } from '#net/index.ts';
import type { Clock } from '#base/clock.ts';
import type { Logger } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { Attributes } from './attribute.ts';
import type { EntityReference } from './request.ts';

export interface ManagementClientDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The router can be reached (again): `router` is its id. Subscriptions are made already. */
  readonly onConnected?: (router: string) => void;
  /** The connection was lost, or could not be made. Said once until the next `onConnected`. */
  readonly onDisconnected?: (error: unknown) => void;
}

export interface ManagementClientOptions {
  readonly host: string;
  readonly port: number;
  /** Mutual TLS with SASL EXTERNAL; without it plain and ANONYMOUS, for loopback. */
  readonly tls?: TlsClientOptions | undefined;
  /** Our name in the router's list of connections. Default `drawbridge-<random>`. */
  readonly containerId?: string | undefined;
  /** Longest wait for an answer. Default 5000. */
  readonly requestTimeoutMs?: number | undefined;
  /** Most requests without an answer. Default 1000. */
  readonly requestsMax?: number | undefined;
  /** Largest message taken, bytes. Default 16 MiB. */
  readonly messageSizeBytesMax?: number | undefined;
  /** Pause before the first and the longest between tries to connect. Default 100 and 5000. */
  readonly retryFirstMs?: number | undefined;
  readonly retryMaxMs?: number | undefined;
}

export interface RequestOptions {
  /** Id of another router of the network; default the one connected to. */
  readonly router?: string | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface Subscription {
  close(): void;
}

/**
 * A client of one router. Requests while there is no connection fail at once.
 * All requests: @throws ManagementError MANAGEMENT_BAD_REQUEST, MANAGEMENT_FORBIDDEN,
 * MANAGEMENT_NOT_FOUND, MANAGEMENT_INTERNAL, MANAGEMENT_NOT_IMPLEMENTED,
 * MANAGEMENT_RESPONSE_INVALID, MANAGEMENT_TIMEOUT, MANAGEMENT_DISCONNECTED, MANAGEMENT_BUSY,
 * MANAGEMENT_STOPPED
 */
export interface ManagementClient extends Running {
  readonly isConnected: boolean;
  /** Id of the router while connected. */
  readonly router: string | undefined;
  /** Resolves when connected. @throws ManagementError MANAGEMENT_TIMEOUT, MANAGEMENT_STOPPED */
  whenConnected(timeoutMs: number): Promise<string>;
  /** Calls `listener` after each connect from now on. */
  onConnected(listener: (router: string) => void): Subscription;
  /** Entities of a type (short or full name), attributes by name; nulls are left out. */
  query(
    type: string,
    attributeNames?: readonly string[],
    options?: RequestOptions,
  ): Promise<Attributes[]>;
  read(reference: EntityReference, options?: RequestOptions): Promise<Attributes>;
  create(
    type: string,
    name: string | undefined,
    attributes: Attributes,
    options?: RequestOptions,
  ): Promise<Attributes>;
  update(
    reference: EntityReference,
    attributes: Attributes,
    options?: RequestOptions,
  ): Promise<Attributes>;
  delete(reference: EntityReference, options?: RequestOptions): Promise<void>;
  /** Management addresses of all interior routers. */
  managementNodes(options?: RequestOptions): Promise<string[]>;
  /** Receives what is sent to an address, now and after every reconnect. */
  subscribe(address: string, onMessage: (message: Message) => void): Subscription;
  /** Sends pre-settled to `properties.to`. False when there is no connection or credit. */
  send(message: MessageInit): boolean;
  /** New connections use this certificate; the present one stays. */
  replaceMaterial(material: TlsMaterial): void;
}

export type StartableManagementClient = Startable<ManagementClient>;
