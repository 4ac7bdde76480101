import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  collectYoung,
  YoungHeap,
  youngHeapBytesMax,
} from '../../src/app/router-process/young-heap.ts';

test('the young generation is collected once per so many bytes read', () => {
  let collections = 0;
  const { onRead } = new YoungHeap(() => {
    collections++;
  });
  const reads = 64;
  for (let read = 0; read < reads; read++) onRead(youngHeapBytesMax / 16);
  assert.equal(collections, reads / 16);
});

test('small reads count with what they cost', () => {
  let collections = 0;
  const { onRead } = new YoungHeap(() => {
    collections++;
  });
  for (let read = 0; read < 100_000; read++) onRead(1);
  assert.ok(collections > 0);
});

test('without a way to collect nothing happens', () => {
  const { onRead } = new YoungHeap(undefined);
  onRead(2 * youngHeapBytesMax);
});

test('buffers that were read do not pile up', () => {
  const { onRead } = new YoungHeap(collectYoung());
  let mostBytes = 0;
  const startBytes = process.memoryUsage().arrayBuffers;
  for (let read = 0; read < 2000; read++) {
    onRead(Buffer.alloc(65_536).length);
    mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers - startBytes);
  }
  assert.ok(mostBytes < 4 * youngHeapBytesMax, `${mostBytes} bytes of buffers were alive`);
});
