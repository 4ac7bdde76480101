import assert from 'node:assert/strict';
import { SocketAddress } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalHosts, formatIpAddress, parseIpAddress, splitHosts } from '#pki/index.ts';

test('hosts are compared without order, case, spaces and repeats', () => {
  assert.deepEqual(canonicalHosts(['b.x', '::1', 'A.x', ' b.x']), ['::1', 'a.x', 'b.x']);
  assert.deepEqual(canonicalHosts(['[2001:DB8::0:1]']), ['2001:db8::1']);
});

test('what only looks like an address is judged as a name', () => {
  assert.deepEqual(splitHosts(['1.2.3']).dnsNames, ['1.2.3']);
  assert.equal(parseIpAddress('01.2.3.4'), undefined);
  assert.equal(parseIpAddress('1.2.3.256'), undefined);
  assert.equal(parseIpAddress('1::2::3'), undefined);
  assert.equal(parseIpAddress('1:2:3:4:5:6:7:8:9'), undefined);
  assert.equal(parseIpAddress('1:2:3:4:5:6:7::8'), undefined);
  assert.equal(parseIpAddress('::1.2.3'), undefined);
  assert.equal(parseIpAddress('fe80::1%eth0'), undefined);
  assert.deepEqual([...(parseIpAddress('::ffff:1.2.3.4') ?? [])].slice(10), [255, 255, 1, 2, 3, 4]);
});

test('every IPv6 address is read and written as Node does', () => {
  const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  });
  fc.assert(
    fc.property(groups, (words) => {
      const bytes = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
      const text = formatIpAddress(bytes);
      assert.deepEqual(parseIpAddress(text), bytes);
      const long = words.map((word) => word.toString(16)).join(':');
      assert.deepEqual(parseIpAddress(long), bytes);
      // Node writes mapped addresses with dots; that spelling only has to read back.
      const theirs = new SocketAddress({ address: long, family: 'ipv6' }).address;
      assert.deepEqual(parseIpAddress(theirs), bytes);
    }),
  );
});

test('no text whatever breaks the address reader', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(':', '.', '0', '1', 'f', '25', ']', '[') }),
      (text) => {
        const bytes = parseIpAddress(text);
        if (bytes !== undefined) assert.deepEqual(parseIpAddress(formatIpAddress(bytes)), bytes);
      },
    ),
  );
});
