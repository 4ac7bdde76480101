/**
 * Where routers run. The controllers decide what should be; a runtime knows how a machine (or, one
 * day, a cluster) does it: starts routers, gives Services addresses, says where routers listen.
 */
import type { Running } from '#base/lifecycle.ts';
import type { Service } from './kinds.ts';
import type { HostPort, RouterEntity } from './router-config/entities.ts';
import type { CredentialFile } from './router-config/tls-profiles.ts';

/** What a Service is for; it decides which addresses and ports it gets. */
export type ServicePurpose = 'management' | 'access' | 'listener';

export interface PlacementRequest {
  readonly purpose: ServicePurpose;
  readonly namespace: string;
  readonly name: string;
  readonly ports: readonly {
    readonly name: string;
    readonly port: number;
    /** The port must be exactly this one; otherwise the runtime may choose another. */
    readonly fixed: boolean;
  }[];
  /** The Service as it is, whose choices are kept where possible. */
  readonly existing: Service | undefined;
}

export interface Placement {
  /** Absent: left to the API server. */
  readonly clusterIP: string | undefined;
  readonly ports: readonly {
    readonly name: string;
    readonly port: number;
    readonly targetPort: number;
  }[];
}

/** Files of one profile. */
export interface RouterCredentials {
  readonly profile: string;
  readonly files: ReadonlyMap<CredentialFile, Buffer>;
}

export interface RouterRequest {
  readonly site: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly entities: readonly RouterEntity[];
  readonly credentials: readonly RouterCredentials[];
  /** Passwords of proxies by name of the proxy profile. */
  readonly proxyPasswords: ReadonlyMap<string, string>;
}

/** How a router process is. */
export type RouterHealth =
  | { readonly state: 'absent' }
  | { readonly state: 'starting'; readonly message: string }
  | { readonly state: 'ready'; readonly startCount: number };

export interface SiteRuntime extends Running {
  /** `kubernetes`, `linux`, …: shown in the network status. */
  readonly platform: string;
  /** Access types that work here. */
  readonly accessTypes: readonly string[];
  /** Roles that routers here can listen in. */
  readonly roles: readonly string[];
  readonly edge: boolean;
  /** Host that others use to reach what is exposed; goes into certificates and endpoints. */
  readonly advertiseHost: string;

  /** Decides the address and ports of a Service. @throws CodedError when no port is free */
  place(request: PlacementRequest): Promise<Placement>;
  /** Where the router listens for a port of a Service; undefined until the Service says. */
  bindOf(service: Service, portName: string): HostPort | undefined;
  /** Path of a credential file as the router sees it. */
  credentialPath(namespace: string, profile: string, file: CredentialFile): string;
  proxyPasswordPath(namespace: string, proxy: string): string;
  /** Writes the files, and starts the router unless it runs already. */
  ensureRouter(request: RouterRequest): Promise<void>;
  /** How the router of a Site is; that of another Site in the namespace counts as absent. */
  healthOf(namespace: string, siteId: string): RouterHealth;
  /** Where this process reaches the router's management listener. */
  managementOf(service: Service): HostPort | undefined;
  /** Stops the router and removes its files. */
  removeRouter(namespace: string): Promise<void>;
  /** Namespaces that have files of a router, from an earlier run too. Never rejects. */
  namespacesOnDisk(): Promise<readonly string[]>;
  /** Called when the health of a router changed. @returns takes the handler away */
  onHealth(handler: (namespace: string) => void): () => void;
}
