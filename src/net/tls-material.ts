/** Certificate, key and CA as PEM, replaceable while in use. */

export interface TlsMaterial {
  /** PEM of the authorities that may have signed the peer. */
  readonly ca?: string | undefined;
  /** PEM chain, own certificate first. */
  readonly cert?: string | undefined;
  /** PEM private key. */
  readonly key?: string | undefined;
}

export interface TlsServerOptions {
  readonly material: TlsMaterial;
  /** Demand and verify a client certificate. */
  readonly mutual: boolean;
  readonly alpnProtocols?: readonly string[] | undefined;
}

export interface TlsClientOptions {
  readonly material: TlsMaterial;
  /** Check the server's name against its certificate. */
  readonly verifyHostname: boolean;
  /** Name to send and check, default the host connected to. */
  readonly serverName?: string | undefined;
  readonly alpnProtocols?: readonly string[] | undefined;
}
