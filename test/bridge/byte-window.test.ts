import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as assertProperty, integer, property } from 'fast-check';
import {
  ReceiveWindow,
  reportStepBytes,
  SendWindow,
  windowBytesMax,
} from '../../src/bridge/byte-window.ts';

test('a producer stops a window ahead of the last report', () => {
  const window = new SendWindow();
  window.onSent(windowBytesMax - 1);
  assert.equal(window.open, true);
  window.onSent(1);
  assert.equal(window.open, false);
  window.onReport(1);
  assert.equal(window.open, true);
});

test('reports that go back or promise more than was sent are harmless', () => {
  const window = new SendWindow();
  window.onSent(10);
  window.onReport(1_000_000_000);
  window.onReport(0);
  window.onSent(windowBytesMax);
  assert.equal(window.open, false);
});

test('a consumer that has ended lifts the window', () => {
  const window = new SendWindow();
  window.onSent(10 * windowBytesMax);
  window.lift();
  assert.equal(window.open, true);
});

test('whatever the chunks, both halves together never stall and never run ahead', () => {
  assertProperty(
    property(array(integer({ min: 1, max: 65_536 }), { maxLength: 200 }), (chunks) => {
      const sender = new SendWindow();
      const receiver = new ReceiveWindow();
      for (const chunk of chunks) {
        assert.equal(sender.open, true);
        sender.onSent(chunk);
        receiver.onReceived(chunk);
        const due = receiver.dueReport(0);
        if (due > 0) sender.onReport(due);
      }
    }),
  );
});

test('a report covers only what the socket has taken', () => {
  const window = new ReceiveWindow();
  window.onReceived(reportStepBytes + 100);
  assert.equal(window.dueReport(101), 0);
  assert.equal(window.dueReport(100), reportStepBytes);
  assert.equal(window.dueReport(0), 0);
});
