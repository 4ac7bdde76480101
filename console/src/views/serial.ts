/** The serial console of a virtual machine: raw bytes both ways. */
import { h } from '../dom.ts';
import { socketAddress } from '../kube.ts';
import { overviewFragment, type Place, placeFragment } from '../resources.ts';
import { openTerminal } from '../terminal-screen.ts';
import { subresourcePath } from '../virtual-machine.ts';
import { againButton, heading, trail, type ViewContext } from './view.ts';

export function showSerial({ main, signal, say }: ViewContext, place: Place): void {
  const state = h('span', { class: 'live', role: 'status' }, 'connecting');
  const screen = h('div', { class: 'screen' });
  main.append(
    trail(['Overview', overviewFragment()], [place.name ?? '', placeFragment('object', place)]),
    heading(`Serial console of ${place.name ?? ''}`, state),
    screen,
  );
  const { terminal } = openTerminal(screen, signal);
  const socket = new WebSocket(socketAddress(subresourcePath(place, 'console')), [
    'plain.kubevirt.io',
  ]);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('open', () => {
    state.textContent = 'live';
    state.dataset['live'] = 'true';
    terminal.focus();
  });
  socket.addEventListener('message', ({ data }) => {
    if (data instanceof ArrayBuffer) terminal.write(new Uint8Array(data));
  });
  socket.addEventListener('close', ({ reason }) => {
    state.textContent = 'ended';
    state.dataset['live'] = 'false';
    state.after(againButton());
    if (!signal.aborted) say(reason || 'The console has ended.');
  });
  terminal.onData((text) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(new TextEncoder().encode(text));
  });
  signal.addEventListener('abort', () => socket.close());
}
