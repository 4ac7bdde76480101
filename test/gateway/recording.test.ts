/** Recorded terminals through the gateway: what is in the file, what is refused, what ends them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import {
  type GatewayOptions,
  listRecordings,
  openRecording,
  parseAsciicastEvent,
  verifyAuditLog,
} from '#gateway/index.ts';
import { Recordings } from '#gateway/recording/recordings.ts';
import { silentLogger } from '#base/log.ts';
import { test } from '../support/gateway-target.ts';
import { gatewayWorld, type GatewayWorld } from '../support/gateway-world.ts';
import { type StreamUpstream, streamUpstream } from '../support/stream-upstream.ts';
import { systemClock } from '../support/system.ts';
import { until } from '../support/until.ts';
import { cli } from '../support/up-cli.ts';
import {
  dataFrame,
  HeaderWriter,
  openTerminal,
  pingFrame,
  terminalStreams,
} from '../support/spdy.ts';
import { channelFrame } from '../support/web-socket-frame.ts';

const exec =
  '/k8s/api/v1/namespaces/shop/pods/web/exec?container=web&command=sh&stdin=true&stdout=true&tty=true';
const spec = {
  rules: [{ verbs: ['*'], resources: ['pods'], subresources: ['*'] }],
  connect: ['exec' as const, 'vnc' as const, 'portforward' as const],
  usesAllowed: 9,
};

interface Bench extends GatewayWorld {
  readonly upstream: StreamUpstream;
  readonly folder: string;
  readonly place: { readonly directory: string; readonly keyPath: string };
  readonly audit: string;
}

async function bench(
  t: TestContext,
  recording: Partial<NonNullable<GatewayOptions['recording']>> = {},
): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-recordings-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const directory = join(folder, 'recordings');
  const place = { directory, keyPath: join(directory, 'recordings.key') };
  const audit = join(folder, 'audit.jsonl');
  const upstream = await streamUpstream(t);
  const options = {
    audit: { file: audit, failClosed: true },
    recording: { ...place, policy: 'all' as const, ...recording },
  };
  const world = await gatewayWorld(t, { connection: upstream.connection, options });
  return { ...world, upstream, folder, place, audit };
}

interface Terminal {
  readonly socket: TLSSocket;
  bytes: Buffer;
  closed: boolean;
}

function open(world: GatewayWorld, token: string, target = exec, upgrade = 'websocket'): Terminal {
  const { port } = world.gateway;
  const socket = connect({ port, host: '127.0.0.1', ca: world.api.files.ca });
  const terminal: Terminal = { socket, bytes: Buffer.alloc(0), closed: false };
  socket.on('data', (chunk: Buffer) => {
    terminal.bytes = Buffer.concat([terminal.bytes, chunk]);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    terminal.closed = true;
  });
  const lines = [
    `${upgrade === 'websocket' ? 'GET' : 'POST'} ${target} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    'Connection: Upgrade',
    `Upgrade: ${upgrade}`,
    ...(upgrade === 'websocket'
      ? [
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          'Sec-WebSocket-Protocol: base64.channel.k8s.io, v5.channel.k8s.io, v4.channel.k8s.io',
        ]
      : ['X-Stream-Protocol-Version: v4.channel.k8s.io', 'Content-Length: 0']),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return terminal;
}

async function opened(world: Bench, terminal: Terminal) {
  await until(() => terminal.bytes.includes('\r\n\r\n'), 'an answer');
  assert.match(terminal.bytes.toString('latin1'), /^HTTP\/1\.1 101 /);
  await until(() => world.upstream.sockets.size === 1, 'the stream at the API server');
  const [server] = world.upstream.sockets;
  const shell = server!;
  return { show: (text: string, channel = 1) => shell.write(channelFrame(channel, text)), shell };
}

const type = ({ socket }: Terminal, channel: number, text: string): boolean =>
  socket.write(channelFrame(channel, text, { masked: true }));

const records = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('gateway acceptance 25: a terminal with a resize is replayed as it was, and its hash is in the audit log', async (t) => {
  const world = await bench(t);
  const terminal = open(world, await world.grant('g', spec));
  const { show, shell } = await opened(world, terminal);
  assert.match(
    terminal.bytes.toString('latin1'),
    /sec-websocket-protocol: v5\.channel\.k8s\.io/i,
    'a protocol that cannot be recorded was agreed upon',
  );
  type(terminal, 4, '{"Width":100,"Height":30}');
  await until(() => world.upstream.received.length > 0, 'the size to arrive');
  show('\x1b[2J\x1b[Hüser@web$ ');
  type(terminal, 0, 'hunter2\n');
  await until(() => world.upstream.received.length > 40, 'the typing to arrive');
  show('one\r\n');
  show('warning\r\n', 2);
  await until(() => terminal.bytes.includes('warning'), 'the first screen');
  const before = world.upstream.received.length;
  type(terminal, 4, '{"Width":60,"Height":20}');
  await until(() => world.upstream.received.length > before, 'the new size');
  show('two\r\n');
  show('{"metadata":{},"status":"Success"}', 3);
  shell.end();
  await until(() => terminal.bytes.includes('Success'), 'the end of the command');
  await until(() => terminal.closed, 'the end');
  await until(() => records(world.audit).some(({ kind }) => kind === 'close'), 'the record');

  const { recordings } = await listRecordings(world.place);
  assert.equal(recordings.length, 1);
  const { name, what, grant } = recordings[0]!;
  assert.deepEqual([grant, what], ['default/g', 'exec shop/web web: sh']);
  let cast = '';
  const facts = await openRecording(world.place, name, (text) => {
    cast += text;
  });
  const [header = '', ...lines] = cast.trimEnd().split('\n');
  assert.deepEqual(
    [JSON.parse(header).version, JSON.parse(header).width, JSON.parse(header).height],
    [2, 100, 30],
  );
  const events = lines.map((line) => parseAsciicastEvent(line)!);
  const shown = events.map(({ code, data }) => (code === 'o' ? data : `<${data}>`)).join('');
  assert.equal(shown, '\x1b[2J\x1b[Hüser@web$ one\r\nwarning\r\n<60x20>two\r\n');
  assert.equal(cast.includes('hunter2'), false, 'what was typed is in the recording');

  const file = join(world.place.directory, `${name}.recording`);
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  assert.equal(facts.sha256, sha256);
  const close = records(world.audit).find(({ kind }) => kind === 'close');
  assert.deepEqual(close.recording, { name, sha256, bytes: facts.bytes });
  assert.equal((await verifyAuditLog(world.audit)).intact, true);

  const unsettled = () =>
    readdirSync(join(world.place.directory, 'writers'), { recursive: true }).filter((path) =>
      String(path).endsWith(name),
    );
  await until(() => unsettled().length === 0, 'nothing to be left for the next gateway');

  const at = ['--dir', world.place.directory];
  const played = await cli(['gateway', 'recordings', 'play', name, ...at, '--idle-max', '1ms']);
  assert.equal(played.code, 0, played.stderr);
  assert.ok(played.stdout.startsWith('\x1b[2J\x1b[Hüser@web$ one\r\nwarning\r\ntwo\r\n'));
  const listed = await cli(['gateway', 'recordings', 'list', ...at]);
  assert.match(listed.stdout, new RegExp(`${name} .*default/g .*exec shop/web web: sh`));
  const shownFacts = await cli(['gateway', 'recordings', 'show', name, ...at]);
  assert.match(shownFacts.stdout, new RegExp(`SHA-256: *${sha256}`));
  assert.equal((await cli(['gateway', 'recordings', 'export', name, ...at])).stdout, cast);
  const verify = (...words: readonly string[]) =>
    cli(['gateway', 'recordings', 'verify', ...words, ...at, '--audit-file', world.audit]);
  const held = await verify();
  assert.equal(held.stdout, `${name} is as the audit log tells\n`, held.stderr);
  assert.equal(held.code, 0);
  const whole = readFileSync(file);
  writeFileSync(file, whole.subarray(0, -1));
  writeFileSync(`${file}.log`, '');
  const emptyLog = ['--audit-file', `${file}.log`];
  const unknown = await cli(['gateway', 'recordings', 'verify', name, ...at, ...emptyLog]);
  assert.deepEqual([unknown.code, unknown.stdout], [0, `${name} is not ended yet\n`]);
  const shortened = await verify(name);
  assert.deepEqual(
    [shortened.code, shortened.stdout],
    [1, `${name} is not the one that the audit log tells of\n`],
  );
  const changed = Buffer.from(whole);
  changed[whole.length - 9] = (changed[whole.length - 9] ?? 0) ^ 1;
  writeFileSync(file, changed);
  const broken = await verify(name);
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /cannot be read/);
  writeFileSync(file, whole);
  const untold = await cli(['gateway', 'recordings', 'verify', name, ...at, ...emptyLog]);
  assert.deepEqual([untold.code, untold.stdout], [1, `${name} is not in the audit log\n`]);
  const removed = await cli(['gateway', 'recordings', 'delete', name, ...at]);
  assert.match(removed.stdout, /is removed/);
  assert.deepEqual(filesOf(world), []);
});

const filesOf = ({ place }: Bench) =>
  readdirSync(place.directory).filter((file) => file.endsWith('.recording'));

async function castOf(world: Bench): Promise<string> {
  const { recordings } = await listRecordings(world.place);
  assert.equal(recordings.length, 1);
  let cast = '';
  await openRecording(world.place, recordings[0]!.name, (text) => {
    cast += text;
  });
  return cast;
}

test('a terminal by SPDY is recorded as one by WebSocket is', async (t) => {
  const world = await bench(t);
  world.upstream.reply = Buffer.alloc(0);
  const token = await world.grant('g', { ...spec, recording: 'always' });
  const terminal = open(world, token, exec, 'SPDY/3.1');
  const { shell } = await opened(world, terminal);
  const { stdin, stdout, stderr, resize, error } = terminalStreams;
  terminal.socket.write(await openTerminal(new HeaderWriter()));
  const sent = async (bytes: Buffer): Promise<void> => {
    const before = world.upstream.received.length;
    terminal.socket.write(bytes);
    await until(() => world.upstream.received.length > before, 'the bytes to arrive');
  };
  await sent(dataFrame(resize, '{"Width":100,"Height":30}\n'));
  const answers = new HeaderWriter();
  for (const stream of Object.values(terminalStreams)) {
    shell.write(await answers.synReply(stream));
  }
  shell.write(dataFrame(stdout, 'user@web$ '));
  shell.write(pingFrame);
  await until(() => terminal.bytes.includes('user@web$'), 'the prompt');
  await sent(dataFrame(stdin, 'hunter2\n'));
  shell.write(dataFrame(stderr, 'warning\r\n'));
  await until(() => terminal.bytes.includes('warning'), 'the warning');
  await sent(dataFrame(resize, '{"Width":60,"Height":20}\n'));
  shell.write(dataFrame(stdout, 'two\r\n'));
  shell.end(dataFrame(error, '{"metadata":{},"status":"Success"}', true));
  await until(() => terminal.closed, 'the end');
  assert.ok(terminal.bytes.includes('"Success"'));
  await until(() => records(world.audit).some(({ kind }) => kind === 'close'), 'the record');
  const [header = '', ...lines] = (await castOf(world)).trimEnd().split('\n');
  assert.deepEqual([JSON.parse(header).width, JSON.parse(header).height], [100, 30]);
  const shown = lines
    .map((line) => parseAsciicastEvent(line)!)
    .map(({ code, data }) => (code === 'o' ? data : `<${data}>`));
  assert.equal(shown.join(''), 'user@web$ warning\r\n<60x20>two\r\n');
  const close = records(world.audit).find(({ kind }) => kind === 'close');
  assert.match(close.recording.sha256, /^[0-9a-f]{64}$/);
});

test('SPDY that cannot be followed ends the session, and what came of it is not shown', async (t) => {
  const world = await bench(t);
  world.upstream.reply = Buffer.alloc(0);
  const token = await world.grant('g', spec);
  const terminal = open(world, token, exec, 'SPDY/3.1');
  const { shell } = await opened(world, terminal);
  terminal.socket.write(await openTerminal(new HeaderWriter()));
  await until(() => world.upstream.received.length > 0, 'the streams to arrive');
  shell.write(dataFrame(terminalStreams.stdout, 'seen'));
  await until(() => terminal.bytes.includes('seen'), 'the first words');
  shell.write(dataFrame(11, 'hidden'));
  await until(() => terminal.closed, 'the end');
  assert.equal(terminal.bytes.includes('hidden'), false);
  await until(() => records(world.audit).some(({ kind }) => kind === 'close'), 'the record');
  const close = records(world.audit).find(({ kind }) => kind === 'close');
  assert.equal(close.reason, 'the recording cannot go on');
  assert.match(await castOf(world), /"seen"/);

  // A stream that is declared as two things at once never reaches the API server.
  const client = open(world, token, exec, 'SPDY/3.1');
  await until(() => client.bytes.includes('101'), 'the second session');
  const before = world.upstream.received.length;
  const both = [['streamtype', 'stdout\0error']] as const;
  client.socket.write(await new HeaderWriter().synStream(1, both));
  await until(() => client.closed, 'the end of the second');
  assert.equal(world.upstream.received.length, before);
});

test('a terminal that cannot be recorded is not opened, and nothing is asked upstream', async (t) => {
  const world = await bench(t);
  const token = await world.grant('g', spec);
  const never = await world.grant('never', { ...spec, recording: 'never' });
  const always = await world.grant('always', { ...spec, recording: 'always' });
  const vnc = '/k8s/apis/subresources.kubevirt.io/v1/namespaces/x/virtualmachineinstances/v/vnc';
  const anywhere = { verbs: ['*'], resources: ['*'], subresources: ['*'] };
  const screen = await world.grant('screen', { ...spec, rules: [anywhere], recording: 'always' });
  const forward = '/k8s/api/v1/namespaces/shop/pods/web/portforward?ports=80';
  const cases: readonly (readonly [string, string, string, string, RegExp])[] = [
    ['never', never, exec, 'websocket', /403 .*records all terminals, and the grant says never/s],
    ['a screen', screen, vnc, 'websocket', /403 .*for terminals \(exec, attach\) and not for vnc/s],
    ['a port', always, forward, 'SPDY/3.1', /403 .*and not for portforward/s],
  ];
  for (const [what, bearer, target, upgrade, words] of cases) {
    const terminal = open(world, bearer, target, upgrade);
    await until(() => terminal.closed, `${what} to be refused`);
    assert.match(terminal.bytes.toString(), words, what);
  }
  rmSync(world.place.directory, { recursive: true });
  const terminal = open(world, token);
  await until(() => terminal.closed, 'the terminal to be refused');
  assert.match(
    terminal.bytes.toString(),
    /503 .*terminals are recorded here, and the recording cannot/s,
  );
  assert.deepEqual(world.upstream.requests, []);
});

test('a recording that is full ends its session, and nothing unrecorded is shown', async (t) => {
  const world = await bench(t, { limits: { bytesMax: 2000 } });
  const terminal = open(world, await world.grant('g', spec));
  const { show } = await opened(world, terminal);
  show('first');
  await until(() => terminal.bytes.includes('first'), 'what fits');
  show(`${'x'.repeat(3000)}hidden`);
  await until(() => terminal.closed, 'the end');
  assert.equal(terminal.bytes.includes('hidden'), false);
  assert.ok(terminal.bytes.includes('the recording cannot go on'));
  await until(() => records(world.audit).some(({ kind }) => kind === 'close'), 'the record');
  const close = records(world.audit).find(({ kind }) => kind === 'close');
  assert.equal(close.reason, 'the recording cannot go on');
  // It is ended all the same, and its hash recorded.
  const late = await until(
    () => records(world.audit).find(({ recording }) => recording !== undefined),
    'its hash',
  );
  assert.deepEqual([late.auditId, late.rule], [close.auditId, 'recording']);
  const { recordings } = await listRecordings(world.place);
  assert.deepEqual(
    recordings.map(({ state, name }) => [state, name]),
    [['cut', late.recording.name]],
  );
});

test('beyond the sum of all recordings no terminal opens until old ones are gone', async (t) => {
  const world = await bench(t, { limits: { totalBytesMax: 100 } });
  const token = await world.grant('g', spec);
  const first = open(world, token);
  const { shell } = await opened(world, first);
  shell.end();
  await until(() => first.closed, 'the end of the first');
  const second = open(world, token);
  await until(() => second.closed, 'the second to be refused');
  assert.match(second.bytes.toString(), /503 .*the recordings have reached their limit/s);
  await until(async () => {
    const { recordings } = await listRecordings(world.place);
    return recordings[0]?.state === 'whole';
  }, 'the recording to be ended');
  const [file = ''] = filesOf(world);
  utimesSync(join(world.place.directory, file), 1, 1);
  const deps = { clock: systemClock, log: silentLogger, onCut: async () => true };
  const again = await Recordings.open(deps, { ...world.place, policy: 'all', keepMs: 3600_000 });
  t.after(() => again.stop());
  t.after(() => again.close());
  assert.deepEqual(filesOf(world), []);
});

test('a refusal of the API server leaves no recording, and one that goes on says so', async (t) => {
  const world = await bench(t, { policy: 'asked' });
  const token = await world.grant('g', { ...spec, recording: 'always' });
  world.upstream.answer = 'refuse';
  const refused = open(world, token);
  await until(() => refused.closed, 'the refusal');
  await until(() => filesOf(world).length === 0, 'the file to go');
  world.upstream.answer = 'accept';
  const terminal = open(world, token);
  const { show } = await opened(world, terminal);
  show('so far');
  await until(() => terminal.bytes.includes('so far'), 'some output');
  const { recordings } = await listRecordings(world.place);
  assert.deepEqual(
    recordings.map(({ state }) => state),
    ['unfinished'],
  );
  const { stdout } = await cli(['gateway', 'recordings', 'list', '--dir', world.place.directory]);
  assert.match(stdout, /not ended/);
  // Where the grant leaves it to the gateway, this one records nothing.
  const plain = open(world, await world.grant('plain', spec));
  await until(() => plain.bytes.includes('101'), 'a terminal that is not recorded');
  assert.equal(filesOf(world).length, 1);
});

test('wrong input to the verbs of recordings says what is wrong', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-recordings-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const at = ['--dir', folder];
  const run = (...words: string[]) => cli(['gateway', 'recordings', ...words, ...at]);
  const rows: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['show'], 2, /missing required argument|name must not be empty/],
    [['show', '../../etc/passwd'], 1, /is no key file|is not the name of a recording|no key file/],
    [['play', 'x', '--speed', '0'], 2, /--speed is not valid/],
    [['play', 'x', '--idle-max', 'soon'], 2, /--idle-max is not valid/],
    [['delete'], 2, /either names or --older-than/],
    [['delete', '../x'], 1, /is not the name of a recording/],
    [['delete', '20270131T080000Z-6d1f0a2b'], 1, /has no such recording/],
    [['verify'], 2, /--audit-file must be given/],
    [['verify', '--audit-file', '/nowhere/log'], 1, /the audit log cannot be read/],
    [['list', 'x'], 2, /does not need any arguments/],
  ];
  for (const [words, code, text] of rows) {
    const done = await run(...words);
    assert.equal(done.code, code, `${words.join(' ')}: ${done.stderr}`);
    assert.match(done.stderr, text);
  }
  assert.equal((await run('list')).code, 0);
});
