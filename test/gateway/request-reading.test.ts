/** What a request is about, as read here and as the API server itself writes it into its audit log. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { apiServerFor } from '../support/api-server.ts';
import { isRealTarget, test } from '../support/gateway-target.ts';
import { rawTls } from '../support/gateway-world.ts';
import { startKubernetes } from '../support/kubernetes.ts';
import { randomRequests } from '../support/random-requests.ts';
import { builtRequests, peculiarRequests, type RequestRow } from '../support/request-rows.ts';
import { until } from '../support/until.ts';
import { temporaryFolder } from '../support/up-process.ts';

interface AuditEvent {
  readonly auditID: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly apiVersion?: string;
    readonly namespace?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
  };
}

interface AuditedServer {
  readonly port: number;
  readonly ca: string;
  readonly log: string;
}

async function auditedServer(t: TestContext): Promise<AuditedServer> {
  const folder = await temporaryFolder(t);
  const log = join(folder, 'audit.jsonl');
  if (!isRealTarget) {
    const { server, files } = await apiServerFor(t, { audit: { path: log } });
    return { port: Number(new URL(server.origin).port), ca: files.ca, log };
  }
  const policy = join(folder, 'policy.json');
  const rules = [{ level: 'Metadata' }];
  const kind = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy' };
  writeFileSync(policy, JSON.stringify({ ...kind, omitStages: ['RequestReceived'], rules }));
  const apiServerArgs = [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`];
  const kubernetes = await startKubernetes({ apiServerArgs });
  t.after(() => kubernetes.stop());
  return { port: Number(new URL(kubernetes.origin).port), ca: kubernetes.files.ca, log };
}

/** A request as nobody, who may do nothing. @returns the id in the audit log, if the server read it */
type Ask = (row: RequestRow) => Promise<string | undefined>;

function askBy({ port, ca }: AuditedServer, agent: Agent): Ask {
  return ([method, path]) =>
    new Promise((resolve, reject) => {
      const sent = request({ agent, host: '127.0.0.1', port, ca, method, path }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.headers['audit-id'] as string | undefined));
      });
      sent.on('error', reject);
      sent.end();
    });
}

/** Byte for byte: what Node.js would not send. */
function askRaw({ port, ca }: AuditedServer): Ask {
  return async ([method, target]) => {
    const head = [`${method} ${target} HTTP/1.1`, 'Host: localhost', 'Connection: close'];
    const length = /^(?:POST|PUT|PATCH)$/.test(method) ? ['Content-Length: 0'] : [];
    const answer = await rawTls(port, ca, [...head, ...length, '', ''].join('\r\n'));
    return /^audit-id: (\S+)/im.exec(answer.head)?.[1];
  };
}

/** Asks for all, some at a time. */
async function askAll(
  rows: readonly RequestRow[],
  ask: Ask,
): Promise<{ readonly row: RequestRow; readonly id: string | undefined }[]> {
  const left = rows.values();
  const asked: { row: RequestRow; id: string | undefined }[] = [];
  const work = async (): Promise<void> => {
    for (const row of left) asked.push({ row, id: await ask(row) });
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return asked;
}

/** In the words of a row. */
function readingIn({ verb, requestURI, objectRef }: AuditEvent): string {
  if (objectRef === undefined) {
    return `path ${verb} ${decodeURIComponent(requestURI.replace(/\?.*/s, ''))}`;
  }
  const { apiGroup = '', apiVersion = '', namespace, resource = '', subresource, name } = objectRef;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  return [verb, `${apiGroup}/${apiVersion}`, namespace, full, name]
    .map((part) => part || '-')
    .join(' ');
}

test('gateway acceptance 15: the API server writes down every request as it is read here', async (t) => {
  const server = await auditedServer(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  t.after(() => agent.destroy());
  // The embedded server runs on Node.js, which knows no other methods and takes CONNECT apart, and
  // does not write down who asks for its health.
  const singular = peculiarRequests.filter(
    ([method, target]) =>
      isRealTarget || !(/^(?:CONNECT|[a-z]+)$/.test(method) || target === '/healthz'),
  );
  const many = [...builtRequests(), ...randomRequests(2000)];
  const asked = [
    ...(await askAll(singular, askRaw(server))),
    ...(await askAll(many, askBy(server, agent))),
  ];
  // To refuse what the server would read is safe, and it does not audit what it refuses to read.
  const read = asked.filter(({ row: [, , reading] }) => reading !== 'refused');
  assert.ok(read.length > 4000, String(read.length));
  const unwritten = read.filter(({ id }) => id === undefined);
  assert.deepEqual(unwritten, [], 'the server refuses to read what is read here');
  const events = await until(() => {
    const lines = readFileSync(server.log, 'utf8').trimEnd().split('\n');
    const byId = new Map(lines.map((line) => JSON.parse(line) as AuditEvent).map(idAndEvent));
    return read.every(({ id = '' }) => byId.has(id)) && byId;
  }, 'an event for each request');
  const different: string[] = [];
  for (const { row, id = '' } of read) {
    const [method, target, reading] = row;
    const event = events.get(id);
    const theirs = event === undefined ? 'nothing' : readingIn(event);
    if (theirs !== reading) different.push(`${method} ${target}: ${theirs}, here ${reading}`);
  }
  assert.deepEqual(different, []);
});

function idAndEvent(event: AuditEvent): readonly [string, AuditEvent] {
  return [event.auditID, event];
}
