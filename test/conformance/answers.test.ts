/**
 * The same requests, the same answers: a corpus is sent to the target and compared with what a real
 * kube-apiserver answered, field by field, after removing what must differ (uids, times, revisions).
 * RECORD=1 with TARGET=real writes the recorded answers anew.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KubeConfig } from '@kubernetes/client-node';
import { httpsRequest } from '#http/index.ts';
import { type Exchange, exchanges } from './corpus.ts';
import { type Target, targetFor, targetSkip } from './target.ts';

const recordedPath = fileURLToPath(new URL('recorded-answers.json', import.meta.url));
const namespace = 'corpus';

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: unknown;
}

/** Sends requests as the owner of the target. */
function sender(target: Target): (exchange: Exchange) => Promise<Answer> {
  const config = new KubeConfig();
  config.loadFromFile(target.kubeconfig);
  const pem = (data: string | undefined): string =>
    Buffer.from(data ?? '', 'base64').toString('utf8');
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  return async ({ method = 'GET', path, body, type = 'application/json', accept }) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await httpsRequest({
      url: `${cluster?.server}${path.replaceAll('NS', namespace)}`,
      method,
      ca: pem(cluster?.caData),
      cert: pem(user?.certData),
      key: pem(user?.keyData),
      headers: {
        'user-agent': 'corpus',
        ...(body === undefined ? {} : { 'content-type': type }),
        ...(accept === undefined ? {} : { accept }),
      },
      ...(body === undefined ? {} : { body: text.replaceAll('NS', namespace) }),
      bodyBytesMax: 16 * 1024 * 1024,
    });
    const contentType = (answer.headers['content-type'] ?? '').split(';')[0] ?? '';
    return { status: answer.status, contentType, body: normalised(answer.body.toString()) };
  };
}

/** Without what no two servers have in common. */
function normalised(text: string): unknown {
  const lines = text.trim().split('\n');
  if (lines.length > 1 && lines.every((line) => line.startsWith('{'))) return lines.map(normalised);
  try {
    return scrubbed(JSON.parse(text), '');
  } catch {
    return text;
  }
}

const placeholders: Readonly<Record<string, string>> = {
  uid: 'UID',
  resourceVersion: 'RV',
  creationTimestamp: 'TIME',
  deletionTimestamp: 'TIME',
  time: 'TIME',
  continue: 'TOKEN',
  // Texts of documentation, which belong to who wrote them.
  description: 'TEXT',
};

/** The complaints of one message, in an order of their own. */
function sortedParts(text: string): string {
  return text
    .split(/, (?=[a-z]\w*\.\w+: )/)
    .toSorted()
    .join(', ');
}

function sortedBy(all: readonly unknown[], keyOf: (each: unknown) => string): unknown[] {
  return all.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : Number(keyOf(a) > keyOf(b))));
}

function ownerOrder(owner: unknown): string {
  const { operation, manager } = owner as { operation?: string; manager?: string };
  return `${operation} ${manager}`;
}

function scrubbed(value: unknown, name: string): unknown {
  if (typeof value === 'string') {
    if (placeholders[name] !== undefined && value !== '') return placeholders[name];
    return value
      .replace(/^\d+s$/, 'AGE')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
      .replace(/(resource version: |record \()\d+( \(\d+\))?/g, '$1RV')
      .replace(/current: \d+/g, 'current: RV')
      .replace(/\[(\w+\..*)\]$/s, (_all, inner: string) => `[${sortedParts(inner)}]`);
  }
  if (Array.isArray(value)) {
    const all = value.map((each) => scrubbed(each, ''));
    // Kubernetes finds what is wrong with an object in the order of a hash table.
    if (name === 'causes') return sortedBy(all, (each) => JSON.stringify(each));
    // And owners by second, where they were not all made in one.
    return name === 'managedFields' ? sortedBy(all, ownerOrder) : all;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, scrubbed(each, key)]));
}

test('answers are those of Kubernetes', { skip: targetSkip }, async (t) => {
  const target = await targetFor(t);
  const send = sender(target);
  const recording = process.env['RECORD'] === '1' && target.name === 'real';
  const recorded = recording
    ? {}
    : (scrubbed(JSON.parse(readFileSync(recordedPath, 'utf8')), '') as Record<string, Answer>);
  for (const exchange of exchanges) {
    const { title, differs } = exchange;
    await t.test(title, async (inner) => {
      const answer = await send(exchange);
      if (recording) {
        recorded[title] = answer;
        return;
      }
      if (target.name === 'embedded' && differs !== undefined) {
        // Asserted, so that a difference that went away leaves the list.
        assert.notDeepEqual(answer, recorded[title], 'the difference is gone: take `differs` away');
        inner.diagnostic(`differs: ${differs}`);
        return;
      }
      assert.deepEqual(answer, recorded[title]);
    });
  }
  if (recording) writeFileSync(recordedPath, `${JSON.stringify(recorded, undefined, 1)}\n`);
});
