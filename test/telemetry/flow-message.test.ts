import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessage, encodeMessage } from '#amqp/index.ts';
import {
  decodeFlowMessage,
  encodeFlowMessage,
  findLink,
  FlowCollector,
  type FlowMessage,
  flowRecord,
  networkView,
} from '#telemetry/index.ts';
import { transcriptMessages } from '../support/transcript-messages.ts';

const messages: readonly FlowMessage[] = [
  {
    subject: 'BEACON',
    to: 'mc/sfe.all',
    sourceType: 'ROUTER',
    id: 'a:0',
    address: 'mc/sfe.a:0',
    direct: 'sfe.a:0',
  },
  { subject: 'HEARTBEAT', to: 'mc/sfe.a:0', id: 'a:0', now: 1_795_311_800_073_540 },
  { subject: 'FLUSH', to: 'sfe.a:0' },
  {
    subject: 'RECORD',
    to: 'mc/sfe.a:0',
    records: [
      flowRecord(2, 'a:1', { name: 'l1', linkCost: 3, startTime: 1_795_311_665_102_089 }),
      flowRecord(0, 'site', { name: 'west' }),
    ],
  },
];
for (const message of messages) {
  test(`${message.subject} is read back as it was written`, () => {
    const bytes = encodeMessage(encodeFlowMessage(message, 7));
    assert.deepEqual(decodeFlowMessage(decodeMessage(bytes)), message);
  });
}

test('keys, types and numbers have the widths that collectors insist on', () => {
  const [, heartbeat, , record] = messages;
  const hex = (message: FlowMessage): string =>
    Buffer.from(encodeMessage(encodeFlowMessage(message, 7))).toString('hex');
  // ulong 1795311800073540 after the text `now`; uint 1 after `v`.
  assert.ok(
    hex(heartbeat!).includes(
      `a1036e6f7780${(1_795_311_800_073_540).toString(16).padStart(16, '0')}`,
    ),
  );
  assert.ok(hex(heartbeat!).includes('a1017652'));
  // uint keys 0 and 1, type uint 2, identity a text.
  assert.ok(hex(record!).includes('4352025201a103613a31'));
});

test('anything else is not taken for a flow message', () => {
  for (const subject of ['', 'RECORD', 'BEACON', 'HEARTBEAT', 'HELLO']) {
    const bytes = encodeMessage({
      properties: { to: 'x', subject },
      body: { kind: 'value', value: 'text' },
    });
    assert.equal(decodeFlowMessage(decodeMessage(bytes)), undefined);
  }
});

test('what a real router told a collector is understood', () => {
  const subscribed = new Set<string>();
  const collector = new FlowCollector({
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    sink: {
      subscribe: (address) => subscribed.add(address),
      unsubscribe: (address) => subscribed.delete(address),
      send: () => undefined,
      onChange: () => undefined,
    },
  });
  collector.begin();
  for (const { direction, message } of transcriptMessages(
    '05-node-prototype-as-peer-with-vanflow',
  )) {
    if (direction !== 'in') continue;
    const flow = decodeFlowMessage(message, message.routerAnnotations?.toOverride);
    if (flow !== undefined && subscribed.has(flow.to)) collector.onMessage(flow);
  }
  const records = [...collector.records()];
  assert.deepEqual(
    records.filter(({ type }) => type === 1).map(({ identity }) => identity),
    ['8HgjF:0', 's8Z9e:0'],
  );
  // These routers had no site id; give them one to see their link.
  const withSite = records.map((record) =>
    record.type === 1
      ? { ...record, attributes: new Map([...record.attributes, [2, 'site']] as const) }
      : record,
  );
  assert.equal(findLink(networkView(withSite), 'site', 'up')?.peer, '8HgjF:2');
});
