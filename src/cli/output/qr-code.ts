/** A text as a QR code made of half blocks, to be read off a terminal, dark or light. */
import { encode } from 'uqr';

/** Lines of the code, with the quiet border that readers need, and how wide they are in columns. */
export function renderQrCode(text: string): { readonly text: string; readonly width: number } {
  const { data, size } = encode(text, { ecc: 'L', border: 2 });
  const isDark = (row: number, column: number): boolean => data[row]?.[column] === true;
  const lines: string[] = [];
  for (let row = 0; row < size; row += 2) {
    let line = '';
    for (let column = 0; column < size; column++) {
      // Light modules are drawn, in white on black, so that the colours of the terminal do not matter.
      const upper = !isDark(row, column);
      const lower = row + 1 >= size || !isDark(row + 1, column);
      line += upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ';
    }
    lines.push(`\u001b[40;97m${line}\u001b[0m\n`);
  }
  return { text: lines.join(''), width: size };
}
