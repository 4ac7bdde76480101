/**
 * Where routers run. The controllers decide what should be; a runtime knows how a machine or a
 * cluster does it: starts routers, gives Services addresses, says where routers listen and how
 * others reach them.
 */
import type { Running } from '#base/lifecycle.ts';
import type { KubeObject, ObjectKey } from '#kube/index.ts';
import type { Endpoint, SecuredAccess, Service, Site } from './kinds.ts';
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
    /** Where the router listens when it has an address of its own; the same port when absent. */
    readonly targetPort?: number;
    /** The port must be exactly this one; otherwise the runtime may choose another. */
    readonly fixed: boolean;
  }[];
  /** How others come in, of a Service for access. */
  readonly accessType?: string;
  /** The Service as it is, whose choices are kept where possible. */
  readonly existing: Service | undefined;
}

export interface Placement {
  /** Absent: left to the API server. */
  readonly clusterIP: string | undefined;
  /** ClusterIP when absent. */
  readonly type?: 'ClusterIP' | 'LoadBalancer' | 'NodePort';
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
  readonly site: Site;
  /** Which of the routers of the Site. */
  readonly group: string;
  readonly entities: readonly RouterEntity[];
  readonly credentials: readonly RouterCredentials[];
  /** Passwords of proxies by name of the proxy profile. */
  readonly proxyPasswords: ReadonlyMap<string, string>;
  /** A router that serves may be ended now where another one has to take its place. */
  readonly mayRestart: boolean;
}

/** One of the routers of a namespace. */
export interface RouterPlace {
  readonly namespace: string;
  readonly group: string;
}

/** How a router process is. */
export type RouterHealth =
  | { readonly state: 'absent' }
  | { readonly state: 'starting'; readonly message: string }
  /** `count`: how many of its routers serve. */
  | { readonly state: 'ready'; readonly count: number };

/** How others reach what a SecuredAccess exposes. */
export interface Exposure {
  readonly endpoints: readonly Endpoint[];
  /** Why there are none yet, where more can be said than that it is pending. */
  readonly pending?: string;
}

/** A pod, as far as controllers look at one. */
export interface SitePod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
  readonly ready: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** Pods that run and have an address, in the order of their names. */
export interface PodDirectory {
  readonly synced: Promise<void>;
  list(namespace: string): readonly SitePod[];
  /** @returns takes the handler away */
  onChange(handler: (namespace: string) => void): () => void;
}

export interface SiteRuntime extends Running {
  /** `kubernetes`, `linux`, …: shown in the network status. */
  readonly platform: string;
  /** Access types that work here. */
  readonly accessTypes: readonly string[];
  /** Roles that routers here can listen in. */
  readonly roles: readonly string[];
  readonly edge: boolean;
  /** A Site may have two routers. */
  readonly ha: boolean;
  /**
   * Routers of a Site share the addresses of its Services: each is managed at a port of its own,
   * and all listen together for clients. False: each has an address of its own.
   */
  readonly sharesAddresses: boolean;
  /** Listeners may name an address of this machine instead of a Service. */
  readonly bindsAddresses: boolean;
  /** Routers get certificates by themselves, and make the profiles that use them. */
  readonly routersHoldCredentials: boolean;
  /** Entities that every router here has beside those that objects ask for. */
  readonly ownEntities: readonly RouterEntity[];
  /** Workloads that connectors may select; absent where there are none. */
  readonly pods?: PodDirectory;

  /** Decides the address and ports of a Service. @throws CodedError when no port is free */
  place(request: PlacementRequest): Promise<Placement>;
  /**
   * Makes what brings others to a Service for access, and says where it is reached.
   * @throws CodedError when it cannot be made
   */
  expose(access: SecuredAccess, front: Service): Promise<Exposure>;
  /** Called when the way to a Service for access changed. @returns takes the handler away */
  onExposure(handler: (key: ObjectKey) => void): () => void;
  /** A generated object with the labels and annotations that people want on all of its kind. */
  decorated<T extends KubeObject>(object: T): T;
  /** Where the router listens for a port of a Service; undefined until the Service says. */
  bindOf(service: Service, portName: string): HostPort | undefined;
  /** Path of a credential file as the router sees it. */
  credentialPath(place: RouterPlace, profile: string, file: CredentialFile): string;
  proxyPasswordPath(place: RouterPlace, proxy: string): string;
  /**
   * Makes all that a router needs, and starts it unless it runs already.
   * @returns false when it has to be started anew, and may not yet
   */
  ensureRouter(request: RouterRequest): Promise<boolean>;
  /** How the best of a Site's routers is; those of another Site in the namespace do not count. */
  healthOf(namespace: string, siteId: string): RouterHealth;
  /** Where this process reaches the router's management listener; undefined while it is not ready. */
  managementOf(service: Service, group: string): HostPort | undefined;
  /** Takes away a router that the Site no longer has beside its first, and all that it had. */
  removeGroup(site: Site, group: string): Promise<void>;
  /** Stops the routers of a namespace and removes their files. */
  removeRouter(namespace: string): Promise<void>;
  /** Namespaces that have files of a router, from an earlier run too. Never rejects. */
  namespacesOnDisk(): Promise<readonly string[]>;
  /** Called when the health of a router changed. @returns takes the handler away */
  onHealth(handler: (namespace: string) => void): () => void;
}
