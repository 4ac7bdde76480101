/** The QR code of a terminal, read back from its half blocks. Imported by path, as in output.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'uqr';
import { renderQrCode } from '../../src/cli/output/qr-code.ts';

/** Whether the upper and the lower module of each half block are dark. */
const modules: Readonly<Record<string, readonly [boolean, boolean]>> = {
  '█': [false, false],
  '▀': [false, true],
  '▄': [true, false],
  ' ': [true, true],
};

test('the half blocks show the code, with a quiet border, as wide as they say', () => {
  const link = `https://127.0.0.1:8443/l#${'x'.repeat(43)}`;
  const { text, width } = renderQrCode(link);
  const rows: boolean[][] = [];
  for (const line of text.trimEnd().split('\n')) {
    const blocks = line.slice('\u001b[40;97m'.length, -'\u001b[0m'.length).split('');
    assert.equal(blocks.length, width);
    const pairs = blocks.map((block) => modules[block] ?? assert.fail(`a strange block ${block}`));
    rows.push(
      pairs.map(([upper]) => upper),
      pairs.map(([, lower]) => lower),
    );
  }
  const { data } = encode(link, { ecc: 'L', border: 2 });
  assert.deepEqual(rows.slice(0, width), data);
  assert.equal(rows[0]?.includes(true) || rows[1]?.includes(true), false);
});
