import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { apiDefinitions } from '#apis/index.ts';
import { crdOf, isRecord } from '#kube/index.ts';
import { generateCrds } from '../../scripts/gen/crds.ts';
import { generateKindsDoc } from '../../scripts/gen/kinds.ts';

const root = join(import.meta.dirname, '..', '..');

for (const [path, text] of [...generateCrds(), ...generateKindsDoc()]) {
  test(`${path} is what the definitions generate`, () => {
    assert.equal(readFileSync(join(root, path), 'utf8'), text, 'run: npm run gen');
  });
}

test('there is a file for every kind and no other', () => {
  const files = readdirSync(join(root, 'deploy', 'crds')).sort();
  assert.deepEqual(files, apiDefinitions.map((each) => `${each.group}_${each.plural}.yaml`).sort());
});

test('a CRD reads back as it was meant', () => {
  for (const definition of apiDefinitions) {
    const path = `deploy/crds/${definition.group}_${definition.plural}.yaml`;
    const read: unknown = parse(readFileSync(join(root, path), 'utf8'));
    assert.deepEqual(read, JSON.parse(JSON.stringify(crdOf(definition))));
  }
});

/** Words that CRDs refuse, anywhere in a schema. */
function foreignWords(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(foreignWords);
  if (!isRecord(node)) return [];
  return Object.entries(node).flatMap(([name, value]) => [
    ...(name.startsWith('x-kubernetes-patch') ? [name] : []),
    ...(name === 'format' && value === 'micro-time' ? ['micro-time'] : []),
    ...foreignWords(value),
  ]);
}

test('CRDs have nothing that only built-in kinds may say', () => {
  assert.deepEqual(
    apiDefinitions.flatMap((definition) => foreignWords(crdOf(definition))),
    [],
  );
});

const kubectl = process.env['KUBECTL'] ?? 'kubectl';
const installed = spawnSync(kubectl, ['version', '--client']).status === 0;

test('kubectl reads every CRD', { skip: installed ? false : 'kubectl is not installed' }, () => {
  const { status, stdout, stderr } = spawnSync(
    kubectl,
    ['label', '--local', '-o', 'name', '-f', join(root, 'deploy', 'crds'), 'read=yes'],
    { encoding: 'utf8', env: { ...process.env, KUBECONFIG: '/dev/null' } },
  );
  assert.equal(status, 0, stderr);
  assert.deepEqual(
    stdout.trim().split('\n').sort(),
    apiDefinitions
      .map((each) => `customresourcedefinition.apiextensions.k8s.io/${each.plural}.${each.group}`)
      .sort(),
  );
});
