/**
 * Takes out of terminal output what speaks to the terminal and not to the reader: strings that set
 * titles, clipboards and more, and questions that the terminal would answer by typing.
 * @spec ECMA-48 5.3 5.6
 */

type State = 'text' | 'escape' | 'sequence' | 'string' | 'string-escape';

/** Introducers of strings: DCS, SOS, OSC, PM, APC. */
const strings = new Set(['P', 'X', ']', '^', '_']);
/** Final bytes of questions: device attributes and status, terminal parameters, window reports. */
const questions = new Set(['c', 'n', 'x', 't']);
const sequenceCharsMax = 64;

export class TerminalFilter {
  #state: State = 'text';
  #sequence = '';

  /** The text that may be shown. */
  push(text: string): string {
    let shown = '';
    for (const char of text) shown += this.#take(char);
    return shown;
  }

  #take(char: string): string {
    switch (this.#state) {
      case 'text':
        return this.#ofText(char);
      case 'escape':
        return this.#ofEscape(char);
      case 'sequence':
        return this.#ofSequence(char);
      case 'string':
        if (char === '\x07' || char === '\x9c') this.#state = 'text';
        else if (char === '\x1b') this.#state = 'string-escape';
        return '';
      case 'string-escape':
        this.#state = char === '\\' ? 'text' : 'string';
        return '';
      default:
        return this.#state satisfies never;
    }
  }

  #ofText(char: string): string {
    if (char === '\x1b') {
      this.#state = 'escape';
      return '';
    }
    // The eight-bit forms, and the question of what terminal it is.
    if (char === '\x05') return '';
    if (char >= '\x80' && char <= '\x9f') {
      if (char === '\x9b') this.#begin();
      else if ('\x90\x98\x9d\x9e\x9f'.includes(char)) this.#state = 'string';
      return '';
    }
    return char;
  }

  #ofEscape(char: string): string {
    if (char === '[') {
      this.#begin();
      return '';
    }
    if (strings.has(char)) {
      this.#state = 'string';
      return '';
    }
    this.#state = 'text';
    return char === 'Z' ? '' : `\x1b${char}`;
  }

  #begin(): void {
    this.#state = 'sequence';
    this.#sequence = '\x1b[';
  }

  #ofSequence(char: string): string {
    this.#sequence += char;
    const isOver = char >= '\x40' && char <= '\x7e';
    if (!isOver && this.#sequence.length < sequenceCharsMax) return '';
    this.#state = 'text';
    return isOver && !questions.has(char) ? this.#sequence : '';
  }
}
