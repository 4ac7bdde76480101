/** Rotation of an authority: no moment in which two of its sides do not trust each other. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { connect, createServer } from 'node:tls';
import {
  type Certificate,
  certificate,
  type IssuedLink,
  issuedLink,
  rotateAnnotation,
} from '#apis/index.ts';
import { startCertificateController } from '#certs/index.ts';
import {
  encodeSecretData,
  findCondition,
  type KubeObject,
  type Secret,
  secret,
  secretText,
} from '#kube/index.ts';
import type { RecordedEvent } from '#kubeclient/index.ts';
import {
  createAuthority,
  parseCertificate,
  privateKeyPem,
  splitBundle,
  verifyIssuedBy,
} from '#pki/index.ts';
import { type ControllerBench, controllerBench } from '../support/controller-bench.ts';
import type { MemoryKube } from '../support/memory-kube.ts';
import { until } from '../support/until.ts';

const namespace = 'west';
const hour = 3600 * 1000;
const caName = 'skupper-site-ca';
const key = (name: string): { namespace: string; name: string } => ({ namespace, name });

type Bench = ControllerBench<MemoryKube>;

function wished(name: string, spec: NonNullable<Certificate['spec']>): Certificate {
  return {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Certificate',
    metadata: { name, namespace },
    spec,
  };
}

const authority = wished(caName, { ca: '', subject: 'west site CA', signing: true });
const server = wished('server', { ca: caName, subject: 's', hosts: ['127.0.0.1'], server: true });
const handedOut = wished('client', { ca: caName, subject: 'c', client: true });
const client: Certificate = {
  ...handedOut,
  metadata: {
    ...handedOut.metadata,
    ownerReferences: [{ apiVersion: 'skupper.io/v2alpha1', kind: 'Site', name: 'west', uid: 'w' }],
  },
};

async function stored(bench: Bench, name: string): Promise<Secret> {
  return await until(() => bench.client.find(secret, key(name)), `Secret ${name}`);
}

const text = (object: Secret, entry: string): string => secretText(object, entry) ?? '';

async function world(t: TestContext): Promise<Bench> {
  const bench = controllerBench(t);
  bench.clock.stop();
  for (const each of [authority, server, client]) await bench.client.create(certificate, each);
  return bench;
}

async function untilReady(bench: Bench): Promise<void> {
  for (const name of [caName, 'server', 'client']) {
    await until(async () => {
      const found = await bench.client.find(certificate, key(name));
      return found?.status?.status === 'Ready' || undefined;
    }, `${name} Ready`);
  }
}

async function ask(bench: Bench, word: string, settings?: Record<string, string>): Promise<void> {
  const found = await until(() => bench.client.find(certificate, key(caName)), 'CA');
  const { metadata, spec } = found;
  await bench.client.update(certificate, {
    ...found,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [rotateAnnotation]: word } },
    spec: { ca: '', subject: '', ...spec, ...(settings === undefined ? {} : { settings }) },
  });
}

async function untilPhase(bench: Bench, reason: string): Promise<string> {
  return await until(async () => {
    const found = await bench.client.find(certificate, key(caName));
    const condition = findCondition(found?.status?.conditions, 'Rotating');
    return condition?.reason === reason ? condition.message : undefined;
  }, `Rotating ${reason}`);
}

/** Moves the clock and lets the controller look. */
async function later(bench: Bench, ms: number): Promise<void> {
  bench.clock.offsetMs += ms;
  const found = await stored(bench, caName);
  const annotations = { ...found.metadata.annotations, poke: crypto.randomUUID() };
  await bench.client.update(secret, { ...found, metadata: { ...found.metadata, annotations } });
}

/** A mutual handshake as routers make it. */
async function shakesHands(serverSide: Secret, clientSide: Secret): Promise<boolean> {
  const listener = createServer({
    cert: text(serverSide, 'tls.crt'),
    key: text(serverSide, 'tls.key'),
    ca: text(serverSide, 'ca.crt'),
    requestCert: true,
    rejectUnauthorized: true,
  });
  listener.on('tlsClientError', () => undefined);
  listener.on('secureConnection', (socket) => socket.on('error', () => undefined).end('hello'));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const socket = connect({
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    cert: text(clientSide, 'tls.crt'),
    key: text(clientSide, 'tls.key'),
    ca: text(clientSide, 'ca.crt'),
  });
  const outcome = await new Promise<boolean>((resolve) => {
    socket.on('data', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
  socket.destroy();
  listener.close();
  return outcome;
}

/** Every content that a Secret had, in order. */
function history(bench: Bench, name: string): Secret[] {
  const found: Secret[] = [];
  bench.informers.of(secret).onChange((change) => {
    const object = bench.informers.of(secret).get(key(name));
    void change;
    const last = found.at(-1);
    if (object === undefined || (last && JSON.stringify(last.data) === JSON.stringify(object.data)))
      return;
    found.push(object);
  });
  return found;
}

/** Handshakes go by the clock of this machine, as at a site whose clock differs from the issuer's. */
for (const [clock, skewMs] of [
  ['the same clock', 0],
  ['a clock ten minutes behind', 600_000],
  ['a clock ten minutes ahead', -600_000],
] as const) {
  test(`whoever has which state of a rotation, both sides still trust each other, with ${clock}`, async (t) => {
    await rotatesWithoutGap(t, skewMs);
  });
}

async function rotatesWithoutGap(t: TestContext, skewMs: number): Promise<void> {
  const bench = await world(t);
  bench.clock.offsetMs = skewMs;
  const servers = history(bench, 'server');
  const clients = history(bench, 'client');
  bench.own(startCertificateController(bench));
  await untilReady(bench);
  const before = await stored(bench, caName);
  await ask(bench, '1');
  await untilPhase(bench, 'Overlapping');
  await until(async () => {
    const now = await stored(bench, caName);
    const leaves = [await stored(bench, 'server'), await stored(bench, 'client')];
    return leaves.every((leaf) => verifyIssuedBy(text(leaf, 'tls.crt'), text(now, 'tls.crt')));
  }, 'leaves of the new CA');
  const now = await stored(bench, caName);
  assert.notEqual(text(now, 'tls.key'), text(before, 'tls.key'));
  assert.equal(text(now, 'next.key'), '', 'the key that signs is there once');
  assert.deepEqual(splitBundle(text(now, 'ca.crt')), [
    text(now, 'tls.crt'),
    text(before, 'tls.crt'),
  ]);
  await until(() => (servers.length >= 3 && clients.length >= 3) || undefined, 'all states seen');
  // Trust comes first: there is a state with both authorities and the old certificate.
  const [first, second] = servers;
  assert.ok(first && second);
  assert.equal(text(second, 'tls.crt'), text(first, 'tls.crt'));
  assert.equal(splitBundle(text(second, 'ca.crt')).length, 2);
  for (const [i, one] of servers.entries()) {
    for (const [j, other] of clients.entries()) {
      assert.equal(await shakesHands(one, other), true, `server state ${i}, client state ${j}`);
    }
  }
  await later(bench, hour + 1000);
  const told = await untilPhase(bench, 'Rotated');
  assert.match(told, /^The CA got a new key \(requested\); the old one is not trusted since 20/);
  await until(async () => {
    const leaf = await stored(bench, 'server');
    return text(leaf, 'ca.crt') === text(now, 'tls.crt') || undefined;
  }, 'the old CA gone');
  assert.equal(
    await shakesHands(await stored(bench, 'server'), await stored(bench, 'client')),
    true,
  );
  const [stolen] = clients;
  assert.ok(stolen);
  assert.equal(await shakesHands(await stored(bench, 'server'), stolen), false);
  // The same request again is none; another one is.
  await ask(bench, '1');
  await later(bench, 1000);
  assert.match(await untilPhase(bench, 'Rotated'), /requested/);
  await ask(bench, '2');
  await untilPhase(bench, 'Overlapping');
}

/** Lets time pass when a rotation waits for nothing else. */
async function nudge(bench: Bench): Promise<string | undefined> {
  const found = await until(() => bench.client.find(certificate, key(caName)), 'CA');
  const reason = findCondition(found.status?.conditions, 'Rotating')?.reason;
  if (reason !== 'Overlapping') return reason;
  bench.clock.offsetMs += 10;
  const annotations = { ...found.metadata.annotations, nudge: crypto.randomUUID() };
  await bench.client.update(certificate, {
    ...found,
    metadata: { ...found.metadata, annotations },
  });
  return reason;
}

test('killed after any write, a rotation goes on from there', async (t) => {
  let cuts = 0;
  for (let allowed = 0; ; allowed++) {
    const bench = await world(t);
    const start = startCertificateController(bench);
    await untilReady(bench);
    await start.stop({ graceMs: 1000 });
    const before = await stored(bench, caName);
    await ask(bench, '1', { 'rotation-overlap': '0s' });
    let writes = 0;
    let isDead = false;
    bench.client.fault = (verb, kind) => {
      if (verb !== 'update' || kind !== 'Secret') return Promise.resolve();
      isDead ||= writes++ >= allowed;
      // What a killed process had under way never arrives.
      return isDead ? new Promise<void>(() => undefined) : Promise.resolve();
    };
    const killed = startCertificateController(bench);
    const outcome = await until(async () => {
      if (isDead) return 'killed';
      return (await nudge(bench)) === 'Rotated' && !isDead ? 'done' : undefined;
    }, 'killed or done');
    void killed.stop({ graceMs: 0 });
    if (outcome === 'done') break;
    cuts++;
    bench.client.fault = () => undefined;
    bench.own(startCertificateController(bench));
    await until(async () => (await nudge(bench)) === 'Rotated' || undefined, 'done by another');
    await until(async () => {
      const now = await stored(bench, caName);
      const leaves = [await stored(bench, 'server'), await stored(bench, 'client')];
      return (
        text(now, 'tls.crt') !== text(before, 'tls.crt') &&
        leaves.every((leaf) => text(leaf, 'ca.crt') === text(now, 'ca.crt')) &&
        leaves.every((leaf) => verifyIssuedBy(text(leaf, 'tls.crt'), text(now, 'tls.crt')))
      );
    }, `all of the new CA after ${allowed} writes`);
    const now = await stored(bench, caName);
    assert.deepEqual(
      Object.keys(now.data ?? {}).toSorted(),
      ['ca.crt', 'tls.crt', 'tls.key'],
      `after ${allowed} writes`,
    );
    assert.equal(
      await shakesHands(await stored(bench, 'server'), await stored(bench, 'client')),
      true,
    );
  }
  // Introduce, two bundles, switch, complete and two certificates at least.
  assert.ok(cuts >= 5, `${cuts} cuts`);
});

test('a CA of the user is never rotated, whatever is asked', async (t) => {
  const bench = await world(t);
  const { certificate: made, keys } = await createAuthority({
    commonName: 'mine',
    nowMs: Date.now(),
  });
  const given = await bench.client.create(secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: caName, namespace },
    type: 'kubernetes.io/tls',
    data: encodeSecretData({ 'tls.crt': made.pem, 'tls.key': privateKeyPem(keys.privateKey) }),
  });
  bench.own(startCertificateController(bench));
  await ask(bench, '1');
  const told = await untilPhase(bench, 'UserProvided');
  assert.equal(
    told,
    'Secret "skupper-site-ca" was brought by its user and is never rotated: replace it where it comes from',
  );
  await until(() => bench.client.find(secret, key('server')), 'a leaf');
  bench.clock.offsetMs = 4 * 365 * 24 * hour;
  await ask(bench, '2');
  await untilPhase(bench, 'UserProvided');
  assert.deepEqual((await stored(bench, caName)).data, given.data);
});

function record(name: string, spec: Partial<IssuedLink['spec']>): IssuedLink {
  return {
    apiVersion: 'drawbridge.dev/v1alpha1',
    kind: 'IssuedLink',
    metadata: { name, namespace },
    spec: {
      serialNumber: name,
      fingerprint: name,
      commonName: name,
      issuer: caName,
      siteId: name,
      tokenName: name,
      notAfter: '2200-01-01T00:00:00Z',
      issuedTime: '2020-01-01T00:00:00Z',
      form: 'csr',
      ...spec,
    },
  };
}

test('a connected site is waited for, and one that cannot renew holds the overlap and is named', async (t) => {
  const bench = await world(t);
  const said: string[] = [];
  const events = {
    record: (_about: KubeObject, { reason, message }: RecordedEvent) =>
      void said.push(`${reason}: ${message}`),
  };
  bench.own(startCertificateController({ ...bench, events }));
  await untilReady(bench);
  const east = await bench.client.create(issuedLink, record('east', {}));
  await bench.client.create(issuedLink, record('foreign', { form: 'key' }));
  await bench.client.create(issuedLink, record('gone', { revoked: true, form: 'key' }));
  const ended = { notAfter: '2021-01-01T00:00:00Z', form: 'key' } as const;
  await bench.client.create(issuedLink, record('ended', ended));
  const tell = async (name: string, status: IssuedLink['status']): Promise<void> => {
    const found = await until(() => bench.client.find(issuedLink, key(name)), name);
    await bench.client.updateStatus(issuedLink, {
      ...found,
      status: { ...found.status, ...status },
    });
  };
  await tell('east', { connected: true, remoteSiteName: 'east' });
  await tell('foreign', { connected: true, remoteSiteName: 'old-skupper' });
  await ask(bench, '1');
  await until(async () => {
    const told = await untilPhase(bench, 'Introducing');
    return /site "east" does not trust the new CA yet/.test(told) || undefined;
  }, 'waits for east');
  const next = parseCertificate(text(await stored(bench, caName), 'next.crt'));
  await tell(east.metadata.name, { authorities: [next.fingerprint] });
  const left = /"old-skupper" \(IssuedLink foreign\)/;
  await until(
    async () => left.test(await untilPhase(bench, 'Overlapping')) || undefined,
    'foreign',
  );
  const told = await untilPhase(bench, 'Overlapping');
  assert.match(told, /site "east" has not renewed its certificate yet/);
  assert.match(
    told,
    /cannot renew over the link and fails after 20\S+Z unless it redeems a new token: /,
  );
  assert.doesNotMatch(told, /gone|ended/);
  assert.ok(said.some((each) => each.startsWith('RotationLeavesBehind: ') && left.test(each)));
  // Left alone, the overlap lasts; told to end, it ends.
  await later(bench, 31 * 24 * hour);
  await untilPhase(bench, 'Overlapping');
  await ask(bench, '1', { 'rotation-overlap': '720h' });
  await untilPhase(bench, 'Rotated');
  const reasons = said.map((each) => each.slice(0, each.indexOf(':')));
  assert.deepEqual(
    reasons.filter((reason) => reason !== 'RotationLeavesBehind'),
    ['RotationStarted', 'RotationSwitched', 'RotationCompleted'],
  );
});

test('an age or overlap that is none is told, and what is due comes by itself', async (t) => {
  const bench = await world(t);
  bench.own(startCertificateController(bench));
  await untilReady(bench);
  const set = async (settings: Record<string, string>): Promise<void> => {
    const found = await until(() => bench.client.find(certificate, key(caName)), 'CA');
    await bench.client.update(certificate, {
      ...found,
      spec: { ca: '', subject: '', ...found.spec, settings },
    });
  };
  for (const [name, value] of [
    ['rotation-overlap', '1d'],
    ['rotation-overlap', '-5m'],
    ['rotate-after', '25'],
    ['rotate-after', '1s'],
  ] as const) {
    await set({ [name]: value });
    await until(async () => {
      const told = await untilPhase(bench, 'InvalidSetting');
      return told.startsWith(`Invalid ${name}: `) || undefined;
    }, `${name}=${value} told`);
  }
  const before = text(await stored(bench, caName), 'tls.crt');
  await set({ 'rotate-after': '24h' });
  await later(bench, 25 * hour);
  await untilPhase(bench, 'Overlapping');
  assert.notEqual(text(await stored(bench, caName), 'tls.crt'), before);
});

test('a certificate that was handed out by hand holds the overlap until it ends', async (t) => {
  const bench = await world(t);
  bench.own(startCertificateController(bench));
  await untilReady(bench);
  await bench.client.create(
    certificate,
    wished('link-west', { ...handedOut.spec, ca: caName, subject: 'x' }),
  );
  const made = await stored(bench, 'link-west');
  // As `token create -t cert` does: nobody knows where it is now.
  await bench.client.remove(certificate, key('link-west'));
  await ask(bench, '1');
  await until(async () => {
    const told = await untilPhase(bench, 'Overlapping');
    return (
      /whoever got a certificate by hand \(link generate, token create -t cert\)/.test(told) ||
      undefined
    );
  }, 'told');
  await later(bench, 31 * 24 * hour);
  assert.match(await untilPhase(bench, 'Overlapping'), /by hand/);
  const { notAfterMs } = parseCertificate(text(made, 'tls.crt'));
  const endMs = Number(
    JSON.parse(
      (await stored(bench, caName)).metadata.annotations?.['drawbridge.dev/rotation'] ?? '{}',
    ).handedOutUntilMs,
  );
  assert.equal(endMs, notAfterMs);
  await ask(bench, '1', { 'rotation-overlap': '1h' });
  await untilPhase(bench, 'Rotated');
});
