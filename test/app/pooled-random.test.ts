import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { PooledRandom, pooledBytesMax } from '../../src/app/router-process/pooled-random.ts';

test('gives the bytes of its source, each once and in order', () => {
  const drawn: Uint8Array[] = [];
  const random = new PooledRandom({
    bytes: (size) => {
      const bytes = randomBytes(size);
      drawn.push(Uint8Array.from(bytes));
      return bytes;
    },
  });
  const given = Buffer.concat(Array.from({ length: 512 }, () => random.bytes(16)));
  assert.deepEqual(given, Buffer.concat(drawn));
  assert.equal(drawn.length, 2);
});

test('keeps no copy of what it gave', () => {
  let pool = new Uint8Array(0);
  const random = new PooledRandom({
    bytes: (size) => {
      pool = Uint8Array.from({ length: size }, () => 7);
      return pool;
    },
  });
  assert.deepEqual([...random.bytes(3)], [7, 7, 7]);
  assert.deepEqual([...pool.subarray(0, 5)], [0, 0, 0, 7, 7]);
});

test('large requests go to the source', () => {
  const sizes: number[] = [];
  const random = new PooledRandom({
    bytes: (size) => {
      sizes.push(size);
      return randomBytes(size);
    },
  });
  assert.equal(random.bytes(pooledBytesMax + 1).length, pooledBytesMax + 1);
  assert.deepEqual(sizes, [pooledBytesMax + 1]);
});
