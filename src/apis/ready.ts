/** Which conditions make an object of each kind ready, in the order in which they are told. */

/** Condition types by kind; a Site without link access does without `Resolved`. */
export const readyConditions = {
  Site: ['Configured', 'Running', 'Resolved'],
  Link: ['Configured', 'Operational'],
  Listener: ['Configured', 'Matched'],
  Connector: ['Configured', 'Matched'],
  MultiKeyListener: ['Configured', 'Operational'],
  AttachedConnector: ['Configured'],
  AttachedConnectorBinding: ['Configured', 'Matched'],
  AccessGrant: ['Processed', 'Resolved'],
  AccessToken: ['Redeemed'],
  RouterAccess: ['Configured', 'Resolved'],
  SecuredAccess: ['Configured', 'Resolved'],
  Certificate: [],
  GatewayToken: ['Processed'],
  GatewayVerdict: ['Counted'],
  IssuedLink: ['Valid'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
