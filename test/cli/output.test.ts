/** Tables, pairs and lists. Imported by path: how output looks is no promise of the door. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderList, renderManifests } from '../../src/cli/output/objects.ts';
import { renderPairs, renderTable } from '../../src/cli/output/table.ts';

test('columns are as wide as their widest cell and lines have no trailing space', () => {
  const table = renderTable(
    ['NAME', 'STATUS', 'MESSAGE'],
    [
      ['a-long-name', 'Ready', 'OK'],
      ['b', '', ''],
    ],
  );
  assert.equal(table, 'NAME          STATUS   MESSAGE\na-long-name   Ready    OK\nb\n');
});

test('what comes from objects cannot break lines or steer the terminal', () => {
  const table = renderTable(['A', 'B'], [['one\ntwo', '\u001B[31mred\u202E']]);
  assert.equal(table.split('\n').length, 3);
  assert.equal(table.includes('\u001B') || table.includes('\u202E'), false);
});

test('wide characters count as one each', () => {
  assert.equal(renderTable(['A', 'B'], [['ü😀', 'x']]), 'A    B\nü😀   x\n');
});

test('pairs are aligned', () => {
  const pairs = renderPairs([
    ['Name', 'x'],
    ['Remote site', ''],
  ]);
  assert.equal(pairs, 'Name:          x\nRemote site:\n');
});

const object = {
  apiVersion: 'v1',
  kind: 'X',
  metadata: { name: 'x', managedFields: [{ manager: 'm' }] },
};

test('a list is a List, whether it has none, one or two items, without managedFields', () => {
  for (const count of [0, 1, 2]) {
    const parsed = JSON.parse(
      renderList(
        Array.from({ length: count }, () => object),
        'json',
      ),
    ) as {
      kind: string;
      items: { metadata: object }[];
    };
    assert.equal(parsed.kind, 'List');
    assert.deepEqual(
      parsed.items.map(({ metadata }) => metadata),
      Array.from({ length: count }, () => ({ name: 'x' })),
    );
  }
});

test('several manifests are parted in YAML and a List in JSON', () => {
  const plain = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' } };
  const yaml = 'apiVersion: v1\nkind: X\nmetadata:\n  name: x\n';
  assert.equal(renderManifests([plain], 'yaml'), yaml);
  assert.equal(renderManifests([plain, plain], 'yaml'), `${yaml}---\n${yaml}`);
  const { kind } = JSON.parse(renderManifests([plain, plain], 'json')) as { kind: string };
  assert.equal(kind, 'List');
});
