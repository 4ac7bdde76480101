/** The engine in the place of a router whose neighbour was recorded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBody, isOpcode, parseAddress, parseBody, type RoutingBody } from '#routing/index.ts';
import type { TranscriptName } from '../support/amqp-transcript.ts';
import { RoutingBench } from '../support/routing-bench.ts';
import { transcriptMessages } from '../support/transcript-messages.ts';

interface Recorded {
  readonly body: RoutingBody;
  readonly trace: readonly string[];
  readonly to: string;
}

function routingMessages(
  name: TranscriptName,
  connection: number,
  direction: 'in' | 'out',
): Recorded[] {
  return transcriptMessages(name).flatMap((recorded) => {
    if (recorded.connection !== connection || recorded.direction !== direction) return [];
    const { message } = recorded;
    const opcode = message.applicationProperties?.get('opcode');
    if (typeof opcode !== 'string' || !isOpcode(opcode)) return [];
    assert.ok(message.body?.kind === 'value');
    const trace = (message.routerAnnotations?.trace ?? []).map((entry) => entry.slice(2));
    const to = message.properties?.to ?? '';
    return [{ body: parseBody(opcode, message.body.value), trace, to }];
  });
}

function replay(bench: RoutingBench, id: string, recorded: readonly Recorded[]): void {
  for (const { body, trace, to } of recorded) {
    const target = parseAddress(to, id);
    if (target.kind === 'local' || target.kind === 'everyRouter') {
      bench.engine.onMessage(1, body, trace);
    }
    bench.pass(100);
  }
}

test('the recorded set-up of a link makes K a neighbour with its addresses', () => {
  const bench = new RoutingBench({ id: 'H', instance: 1795311655 });
  bench.engine.setLocalAddress('Msvch', { treatment: 3 });
  bench.engine.onConnectionOpened(1, 1);
  replay(bench, 'H', routingMessages('01-interior-link-setup', 2, 'in'));
  assert.equal(bench.engine.costTo('K'), 1);
  assert.deepEqual(
    bench.engine.addresses().map(({ key, remotes }) => [key, remotes]),
    [
      ['Msfe.8HgjF:0', ['K']],
      ['Msvch', []],
      ['Msvck', ['K']],
      ['Mvfcr.8HgjF:0', ['K']],
    ],
  );
  const opcodes = new Set(bench.sent.map(({ message }) => message.body.opcode));
  assert.deepEqual([...opcodes].toSorted(), ['HELLO', 'LSR', 'LSU', 'MAR', 'MAU', 'RA']);
});

test('we write the same bodies as the recorded router', () => {
  for (const direction of ['in', 'out'] as const) {
    for (const message of transcriptMessages('01-interior-link-setup')) {
      const opcode = message.message.applicationProperties?.get('opcode');
      if (message.direction !== direction || typeof opcode !== 'string') continue;
      if (!isOpcode(opcode) || message.message.body?.kind !== 'value') continue;
      const written = encodeBody(parseBody(opcode, message.message.body.value));
      assert.deepEqual(plain(written), plain(message.message.body.value), opcode);
    }
  }
});

/** Numbers without their width, maps without the order of their keys. */
function plain(value: unknown): unknown {
  if (value instanceof Map) {
    return new Map([...value].map(([key, entry]) => [key, plain(entry)]));
  }
  if (Array.isArray(value)) return value.map((entry) => plain(entry));
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
}

test('the recorded changes of addresses are followed', () => {
  const bench = new RoutingBench({ id: 'K', instance: 1795311654 });
  bench.engine.onConnectionOpened(1, 1);
  replay(bench, 'K', routingMessages('01-interior-link-setup', 2, 'out'));
  assert.equal(bench.engine.remoteCount('Msvch'), 1);
  bench.events.length = 0;
  replay(bench, 'K', routingMessages('03-mobile-address-update-and-connect-failure', 2, 'out'));
  assert.deepEqual(
    bench.events.filter(({ type }) => type === 'remoteAddressChanged'),
    [
      { type: 'remoteAddressChanged', key: 'Mdynsvc', remotes: 1 },
      { type: 'remoteAddressChanged', key: 'Mdynsvc', remotes: 0 },
    ],
  );
});

test('a router beyond the recorded neighbour is found with its addresses', () => {
  const bench = new RoutingBench({ id: 'N', instance: 1 });
  bench.engine.onConnectionOpened(1, 1);
  replay(bench, 'N', routingMessages('05-node-prototype-as-peer-with-vanflow', 1, 'in'));
  const far = bench.engine.routers().find(({ id }) => id === 'H');
  assert.equal(far?.nextHop, 'K');
  assert.equal(far?.cost, 2);
  assert.deepEqual(
    bench.engine.remoteChoices('Msvch').map(({ router, connection }) => [router, connection]),
    [['H', 1]],
  );
  const edge = bench.engine.addresses().find(({ key }) => key === 'HED');
  assert.deepEqual(edge?.remotes, ['K']);
});
