/** Tables and lists for people: columns padded with spaces, three between, as kubectl does. */

const gap = '   ';

/** Rows under a line of titles, each line ended; without rows only the titles. */
export function renderTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [titles, ...rows].map((row) => row.map(oneLine));
  const widths = titles.map((_, index) =>
    Math.max(...lines.map((line) => displayWidth(line[index] ?? ''))),
  );
  return lines.map((line) => `${renderLine(line, widths)}\n`).join('');
}

/** Names and values, one pair per line. */
export function renderPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => displayWidth(name)));
  return pairs
    .map(([name, value]) => `${`${name}:`.padEnd(width + 1)}${gap}${oneLine(value)}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}

function renderLine(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, index) => {
    const width = widths[index] ?? 0;
    return cell + ' '.repeat(Math.max(0, width - displayWidth(cell)));
  });
  return padded.join(gap).trimEnd();
}

/** Texts of objects come from elsewhere: no line breaks, no control codes for the terminal. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ');
}

function displayWidth(text: string): number {
  return Array.from(text).length;
}
