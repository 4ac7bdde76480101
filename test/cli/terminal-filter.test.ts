/** What a recording may say to the terminal that plays it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { TerminalFilter } from '#cli/output/recording/terminal-filter.ts';

const rows: readonly (readonly [what: string, given: string, shown: string])[] = [
  ['text and colours', 'a\x1b[31mred\x1b[0m\r\nb', 'a\x1b[31mred\x1b[0m\r\nb'],
  ['a title', 'a\x1b]0;title\x07b', 'ab'],
  ['a clipboard', 'a\x1b]52;c;aGk=\x1b\\b', 'ab'],
  ['a device string', 'a\x1bP$q"p\x1b\\b', 'ab'],
  ['an application string', 'a\x1b_Gx\x1b\\b', 'ab'],
  ['a question of attributes', 'a\x1b[cb\x1b[>cd', 'abd'],
  ['a question of status', 'a\x1b[6nb', 'ab'],
  ['a window report', 'a\x1b[21tb', 'ab'],
  ['who are you', 'a\x05b\x1bZc', 'abc'],
  ['eight bits', 'a\x9d52;c;x\x9cb\x9b6nc\x9b31md', 'abc\x1b[31md'],
  ['moves', '\x1b[2J\x1b[10;20H\x1b7\x1b8\x1b(B', '\x1b[2J\x1b[10;20H\x1b7\x1b8\x1b(B'],
];

test('what speaks to the terminal is left out, however it is cut', () => {
  for (const [what, given, shown] of rows) {
    fc.assert(
      fc.property(fc.array(fc.nat(given.length), { maxLength: 4 }), (cuts) => {
        const filter = new TerminalFilter();
        const ends = [...cuts.toSorted((a, b) => a - b), given.length];
        let from = 0;
        let seen = '';
        for (const end of ends) {
          seen += filter.push(given.slice(from, end));
          from = end;
        }
        assert.equal(seen, shown, what);
      }),
    );
  }
});

test('a sequence without an end does not grow', () => {
  const filter = new TerminalFilter();
  assert.equal(filter.push(`\x1b[${'1;'.repeat(5000)}`).includes('\x1b'), false);
});
