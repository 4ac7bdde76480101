/**
 * Our router against what a real one once wrote (01-interior-link-setup, connection 2): as listener
 * it is fed the connector's bytes, as connector the listener's, with the link names that we chose.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { type RecordedFrame, readTranscript } from '../support/amqp-transcript.ts';
import { makeCluster, type TestRouter } from '../support/router-cluster.ts';
import { until } from '../support/until.ts';

const linkName = /qdlink\.[\w+-]{15}/gu;
const saslHeader = 'AMQP\x03\x01\x00\x00';

function recorded(dir: 'in' | 'out'): readonly RecordedFrame[] {
  return readTranscript('01-interior-link-setup').filter(
    (frame) => frame.conn === 2 && frame.dir === dir,
  );
}

/** Names of links in the order of their first mention. */
function namesIn(bytes: Buffer): string[] {
  return [...new Set(bytes.toString('latin1').match(linkName) ?? [])];
}

function collect(socket: Socket): () => Buffer {
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  socket.on('error', () => undefined);
  return () => Buffer.concat(parts);
}

async function plainListener(router: TestRouter): Promise<number> {
  await router.create('listener', 'plain', { role: 'inter-router', host: '127.0.0.1', port: '0' });
  return router.router.listeners.shelf.get('plain')!.item.boundPort!;
}

/** What the recorded router told of itself is known now. */
async function checkNeighbour(router: TestRouter, id: string): Promise<void> {
  await until(() => {
    const node = router.router.driver.engine.routers().find((view) => view.id === id);
    return node?.reachable === true && node.linkState.length > 0;
  }, `${id} is a neighbour with a link state`);
  await until(
    () => router.router.driver.engine.addresses().some(({ remotes }) => remotes.includes(id)),
    `addresses of ${id} are known`,
  );
}

test('a recorded connector becomes our neighbour', async (t) => {
  const cluster = await makeCluster(t);
  // The recorded HELLOs list the listener by its name.
  const ours = await cluster.add('K');
  const socket = connect(await plainListener(ours), '127.0.0.1');
  t.after(() => socket.destroy());
  const written = collect(socket);
  await once(socket, 'connect');
  const frames = recorded('out');
  for (const frame of frames) socket.write(frame.bytes);
  await checkNeighbour(ours, 'H');
  const sent = namesIn(Buffer.concat(frames.map(({ bytes }) => bytes)));
  assert.equal(sent.length, 22);
  const mirrored = await until(() => {
    const names = namesIn(written());
    return names.length >= sent.length ? names : undefined;
  }, 'every attach is mirrored');
  assert.deepEqual(mirrored, sent);
  assert.equal(ours.router.connections.size, 1);
});

test('a recorded listener becomes our neighbour', async (t) => {
  const cluster = await makeCluster(t);
  const ours = await cluster.add('H');
  const peers: Socket[] = [];
  const server = createServer((socket) => peers.push(socket));
  t.after(() => {
    server.close();
    for (const peer of peers) peer.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  await ours.create('connector', 'real', {
    role: 'inter-router',
    host: '127.0.0.1',
    port: String(address.port),
  });
  const peer = await until(() => peers[0], 'we dial');
  await replayListener(peer);
  await checkNeighbour(ours, 'K');
});

/** Plays the recorded listener; the names of our links take the place of the recorded ones. */
async function replayListener(peer: Socket): Promise<void> {
  const written = collect(peer);
  await until(() => written().toString('latin1').startsWith(saslHeader), 'we speak SASL first');
  const frames = recorded('in');
  const theirs = namesIn(Buffer.concat(recorded('out').map(({ bytes }) => bytes)));
  const firstAttach = frames.findIndex(({ note }) => note.includes('attach'));
  for (const frame of frames.slice(0, firstAttach)) peer.write(frame.bytes);
  const ours = await until(() => {
    const names = namesIn(written());
    return names.length === theirs.length ? names : undefined;
  }, 'we attach all links');
  const renamed = new Map(theirs.map((name, index) => [name, ours[index]]));
  for (const frame of frames.slice(firstAttach)) {
    const text = frame.bytes.toString('latin1');
    peer.write(
      text.replace(linkName, (name) => renamed.get(name) ?? name),
      'latin1',
    );
  }
}
