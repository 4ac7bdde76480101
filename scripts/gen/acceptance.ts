/** Writes docs/reference/acceptance.md: each acceptance line with the tests whose titles name it. */
import { acceptanceLines, clusterOnly } from './acceptance-lines.ts';
import { type Mention, mentionsOf, shownAs } from './mentions.ts';

const path = 'docs/reference/acceptance.md';
/** `acceptance 7:` or `acceptance 7, 8:` in the title of a test, or of a row it is made of. */
const mention = /(?<!gateway )acceptance (\d+(?:, \d+)*):/g;

/** The file by its path. @throws when a title names a line that does not exist */
export function generateAcceptance(): ReadonlyMap<string, string> {
  const known = acceptanceLines.reduce((sum, [, lines]) => sum + lines.length, 0);
  const shownBy = mentionsOf(mention, known);
  const parts: string[] = [];
  let number = 0;
  let missing = 0;
  for (const [heading, lines] of acceptanceLines) {
    parts.push(`\n## ${heading}\n`, '| | what | shown by |', '|---|---|---|');
    for (const line of lines) {
      number++;
      const files = shownBy.get(number) ?? [];
      if (files.length === 0) missing++;
      parts.push(`| ${number} | ${line} | ${shown(number, files)} |`);
    }
  }
  const intro = [
    '# Acceptance',
    '',
    'Generated from the titles of the tests by `npm run gen`; do not edit. A test that shows a line has',
    '`acceptance N:` in its title.',
    '',
    `${known - missing} of ${known} lines are shown; ${missing} are not.`,
  ];
  return new Map([[path, `${[...intro, ...parts].join('\n')}\n`]]);
}

function shown(number: number, found: readonly Mention[]): string {
  if (found.length > 0) return shownAs(found);
  return clusterOnly.has(number) ? 'not shown (needs a cluster)' : 'not shown';
}
