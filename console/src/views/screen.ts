/** The screen of a virtual machine. */
import RFB from '@novnc/novnc';
import { h } from '../dom.ts';
import { socketAddress } from '../kube.ts';
import { overviewFragment, type Place, placeFragment } from '../resources.ts';
import { subresourcePath } from '../virtual-machine.ts';
import { againButton, heading, trail, type ViewContext } from './view.ts';

export function showScreen({ main, session, signal, say }: ViewContext, place: Place): void {
  const state = h('span', { class: 'live', role: 'status' }, 'connecting');
  const screen = h('div', { class: 'screen screen-vm' });
  const keys = h('button', { type: 'button', class: 'button' }, 'Send Ctrl-Alt-Del');
  const whole = h('button', { type: 'button', class: 'button' }, 'Full screen');
  main.append(
    trail(['Overview', overviewFragment()], [place.name ?? '', placeFragment('object', place)]),
    heading(`Screen of ${place.name ?? ''}`, state),
    h('div', { class: 'bar' }, !session.grant.viewOnly && keys, whole),
    screen,
    h('p', { class: 'hint' }, 'Opening the screen closes it for whoever else looks at it.'),
  );
  const remote = new RFB(screen, socketAddress(subresourcePath(place, 'vnc')), {
    wsProtocols: ['plain.kubevirt.io'],
  });
  remote.viewOnly = session.grant.viewOnly;
  remote.scaleViewport = true;
  remote.addEventListener('connect', () => {
    state.textContent = remote.viewOnly ? 'live, view only' : 'live';
    state.dataset['live'] = 'true';
    remote.focus();
  });
  remote.addEventListener('disconnect', () => {
    state.textContent = 'ended';
    state.dataset['live'] = 'false';
    state.after(againButton());
    if (!signal.aborted) say('The screen has ended.');
  });
  remote.addEventListener('securityfailure', () => {
    state.textContent = 'refused by the machine';
  });
  keys.addEventListener('click', () => remote.sendCtrlAltDel());
  whole.addEventListener('click', () => void screen.requestFullscreen());
  signal.addEventListener('abort', () => remote.disconnect());
}
