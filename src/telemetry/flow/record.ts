/**
 * Flow records: what routers and controllers tell about themselves, as attribute maps with numbers
 * for names. @spec router-protocol 9.3
 */

export const FlowRecordType = {
  site: 0,
  router: 1,
  link: 2,
  listener: 4,
  connector: 5,
  process: 7,
  log: 14,
  routerAccess: 15,
  tcpFlow: 16,
} as const;
export type FlowRecordType = (typeof FlowRecordType)[keyof typeof FlowRecordType];

/** Attribute codes. Those not here are carried along unread. */
export const FlowAttribute = {
  recordType: 0,
  identity: 1,
  parent: 2,
  startTime: 3,
  endTime: 4,
  peer: 6,
  process: 7,
  location: 9,
  provider: 10,
  platform: 11,
  namespace: 12,
  mode: 13,
  sourceHost: 14,
  destHost: 15,
  protocol: 16,
  sourcePort: 17,
  destPort: 18,
  address: 19,
  imageName: 20,
  imageVersion: 21,
  hostName: 22,
  octetsOut: 23,
  latency: 24,
  lastFailureTime: 28,
  lastFailureReason: 29,
  name: 30,
  trace: 31,
  buildVersion: 32,
  linkCost: 33,
  flowCount: 40,
  group: 46,
  logSeverity: 48,
  logText: 49,
  linkCount: 52,
  operStatus: 53,
  role: 54,
  lastUpTime: 55,
  lastDownTime: 56,
  downCount: 57,
  octetsIn: 58,
  connector: 60,
  processLatency: 61,
  proxyHost: 62,
  proxyPort: 63,
  errorListener: 64,
  errorConnector: 65,
  tlsOrdinal: 66,
  usesProxy: 67,
} as const;
export type FlowAttribute = (typeof FlowAttribute)[keyof typeof FlowAttribute];

/** Text, or an unsigned number; times are microseconds since 1970. */
export type FlowValue = string | number;

/** One record, or a part of it: type and identity are always there. */
export interface FlowRecord {
  readonly type: number;
  readonly identity: string;
  /** Without the type and the identity. */
  readonly attributes: ReadonlyMap<number, FlowValue>;
}

/** The text of an attribute, undefined when absent or a number. */
export function flowText(record: FlowRecord | undefined, code: FlowAttribute): string | undefined {
  const value = record?.attributes.get(code);
  return typeof value === 'string' ? value : undefined;
}

/** The number of an attribute, undefined when absent or a text. */
export function flowNumber(
  record: FlowRecord | undefined,
  code: FlowAttribute,
): number | undefined {
  const value = record?.attributes.get(code);
  return typeof value === 'number' ? value : undefined;
}

/** Attributes by name, as record makers give them. Undefined ones are left out. */
export type FlowAttributes = {
  readonly [name in keyof typeof FlowAttribute]?: FlowValue | undefined;
};

/** Makes a record from named attributes. */
export function flowRecord(
  type: FlowRecordType,
  identity: string,
  named: FlowAttributes,
): FlowRecord {
  const attributes = new Map<number, FlowValue>();
  for (const [name, code] of Object.entries(FlowAttribute)) {
    const value = named[name as keyof typeof FlowAttribute];
    if (value !== undefined && code > FlowAttribute.identity) attributes.set(code, value);
  }
  return { type, identity, attributes };
}

/** Microseconds since 1970 of a time in milliseconds. */
export function flowTime(epochMs: number): number {
  return Math.round(epochMs * 1000);
}
