/** The terminal emulator in an element of the page. */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { allowLibraryStyles } from './library-styles.ts';
import { part } from './dom.ts';

export interface TerminalScreen {
  readonly terminal: Terminal;
  /** Fits rows and columns to the element. */
  readonly fit: () => void;
}

/** Opens a terminal in the element and keeps it fitted until the signal is aborted. */
export function openTerminal(element: HTMLElement, signal: AbortSignal): TerminalScreen {
  allowLibraryStyles();
  const terminal = new Terminal({
    cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
    fontSize: 14,
    screenReaderMode: part('reader').dataset['on'] === 'true',
    scrollback: 5000,
    theme: { background: '#10151c', foreground: '#e6edf3', cursor: '#7cc4ff' },
  });
  const addon = new FitAddon();
  terminal.loadAddon(addon);
  terminal.open(element);
  const fit = (): void => addon.fit();
  const observer = new ResizeObserver(fit);
  observer.observe(element);
  signal.addEventListener('abort', () => {
    observer.disconnect();
    terminal.dispose();
  });
  fit();
  return { terminal, fit };
}
