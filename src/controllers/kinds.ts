/** The kinds the controllers work on, under the names used here. */
import type { Condition, KubeObject } from '#kube/index.ts';
import type { NetworkSite } from './network.ts';

export type { ConfigMap, Secret, Service } from '#kube/index.ts';

type Settings = { [key: string]: string };
type Envelope = { status?: string; message?: string; conditions?: Condition[] };
export type Endpoint = { name?: string; host?: string; port?: string; group?: string };

export type Site = KubeObject & {
  spec?: {
    serviceAccount?: string;
    linkAccess?: string;
    defaultIssuer?: string;
    ha?: boolean;
    edge?: boolean;
    settings?: Settings;
  };
  status?: Envelope & {
    endpoints?: Endpoint[];
    sitesInNetwork?: number;
    network?: NetworkSite[];
    defaultIssuer?: string;
    controller?: { name?: string; namespace?: string; version?: string };
  };
};
export type Link = KubeObject & {
  spec: { endpoints: Endpoint[]; tlsCredentials?: string; cost?: number; settings?: Settings };
  status?: Envelope & { remoteSiteId?: string; remoteSiteName?: string };
};
export type Listener = KubeObject & {
  spec: {
    routingKey: string;
    host: string;
    port: number;
    tlsCredentials?: string;
    type?: string;
    observer?: string;
    exposePodsByName?: boolean;
    settings?: Settings;
  };
  status?: Envelope & { hasMatchingConnector?: boolean };
};
export type Connector = KubeObject & {
  spec: {
    routingKey: string;
    port: number;
    host?: string;
    selector?: string;
    tlsCredentials?: string;
    useClientCert?: boolean;
    verifyHostname?: boolean;
    type?: string;
    settings?: Settings;
  };
  status?: Envelope & { hasMatchingListener?: boolean };
};
export type RouterAccess = KubeObject & {
  spec: {
    roles: { name: string; port?: number }[];
    tlsCredentials: string;
    generateTlsCredentials?: boolean;
    issuer?: string;
    accessType?: string;
    bindHost?: string;
    subjectAlternativeNames?: string[];
    settings?: Settings;
  };
  status?: Envelope & { endpoints?: Endpoint[] };
};
export type SecuredAccess = KubeObject & {
  spec: {
    selector: { [key: string]: string };
    ports: { name: string; port: number; targetPort?: number; protocol?: string }[];
    accessType?: string;
    issuer?: string;
    certificate?: string;
    settings?: Settings;
  };
  status?: Envelope & { endpoints?: Endpoint[]; ca?: string };
};
