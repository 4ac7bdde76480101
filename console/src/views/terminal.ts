/** A shell in a container. */
import { h } from '../dom.ts';
import { socketAddress } from '../kube.ts';
import { RemoteCommand } from '../remote-command.ts';
import { overviewFragment, type Place, placeFragment, placePath } from '../resources.ts';
import { openTerminal } from '../terminal-screen.ts';
import { againButton, heading, trail, type ViewContext } from './view.ts';

/** The best shell that the container has. */
const shell = [
  '/bin/sh',
  '-c',
  'TERM=xterm-256color; export TERM; [ -x /bin/bash ] && exec /bin/bash || exec /bin/sh',
];

export function showTerminal(context: ViewContext, place: Place, container: string): void {
  const { main, signal, say } = context;
  const state = h('span', { class: 'live', role: 'status' }, 'connecting');
  const screen = h('div', { class: 'screen' });
  main.append(
    trail(['Overview', overviewFragment()], [place.name ?? '', placeFragment('object', place)]),
    heading(`Terminal in ${container}`, state),
    screen,
    h('p', { class: 'hint' }, 'Tab leaves the terminal after Escape, then Tab.'),
  );
  const { terminal, fit } = openTerminal(screen, signal);
  const query = new URLSearchParams({ container, stdin: 'true', stdout: 'true', tty: 'true' });
  for (const word of shell) query.append('command', word);
  const address = socketAddress(`${placePath(place)}/exec?${query.toString()}`);
  const command = new RemoteCommand(address, {
    onOutput: (bytes) => terminal.write(bytes),
    onEnd: (text, failed) => {
      state.textContent = 'ended';
      state.dataset['live'] = 'false';
      terminal.write(`\r\n\x1b[${failed ? '31' : '2'}m${text}\x1b[0m\r\n`);
      terminal.options.disableStdin = true;
      state.after(againButton());
      say(text);
    },
  });
  command.onOpen(() => {
    state.textContent = 'live';
    state.dataset['live'] = 'true';
    fit();
    command.resize(terminal.cols, terminal.rows);
    terminal.focus();
  });
  terminal.onData((text) => command.write(text));
  terminal.onResize(({ cols, rows }) => command.resize(cols, rows));
  letTabOut(terminal);
  signal.addEventListener('abort', () => command.close());
}

/** Escape, then Tab moves on: the terminal is no trap for the keyboard. */
function letTabOut(terminal: ReturnType<typeof openTerminal>['terminal']): void {
  let escaped = false;
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== 'keydown') return true;
    const leaves = escaped && event.key === 'Tab';
    escaped = event.key === 'Escape';
    return !leaves;
  });
}
