/** What the controllers need of a running router: its entities and the network it sees. */
import type { NetworkSite } from '../network.ts';
import type { AttributeValue } from '../router-config/entities.ts';
import type { EntityRow, ManagedType } from '../router-config/difference.ts';

/** Where the router is and with what credentials it is managed. */
export interface RouterTarget {
  readonly host: string;
  readonly port: number;
  /** PEM of the CA, the client certificate and its key. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The site, as its SITE record tells the network. */
  readonly site: {
    readonly id: string;
    readonly name: string;
    readonly namespace: string;
    readonly platform: string;
    readonly version: string;
  };
}

export interface RouterConnection {
  readonly connected: boolean;
  /** The network as its flow records tell it; undefined before the first word. */
  readonly network: readonly NetworkSite[] | undefined;
  /** All entities of a type. @throws CodedError */
  query(type: QueriedType): Promise<readonly EntityRow[]>;
  create(type: CreatedType, name: string, attributes: Attributes): Promise<void>;
  update(type: ManagedType, name: string, attributes: Attributes): Promise<void>;
  delete(type: ManagedType, name: string): Promise<void>;
  /** Sends a text to the controller of another site. False when it cannot be sent now. */
  send(siteId: string, text: string): boolean;
  close(): Promise<void>;
}

/** Types of entities that are made and removed. */
export type CreatedType = ManagedType | 'revokedCertificate';
/** Types of entities that are looked at. */
export type QueriedType = CreatedType | 'connection' | 'router.node';

export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface RouterConnectionHandlers {
  /** Connected or disconnected. */
  onConnection(): void;
  onNetwork(): void;
  /** Somebody in the network wrote to this site. */
  onText(text: string): void;
}

/** Opens a connection that keeps itself open until it is closed. */
export type OpenRouterConnection = (
  target: RouterTarget,
  handlers: RouterConnectionHandlers,
) => Promise<RouterConnection>;
