/**
 * The screen of a virtual machine for links of kube-gateway. Of the address only the path counts,
 * and only below this very host: host, port and password in it are not looked at.
 */
import RFB from '@novnc/novnc';
import { fill, h, part } from './dom.ts';
import { heading } from './views/view.ts';

const main = part('main');
const wanted =
  /^(?:[a-z0-9._-]+\/)*apis\/subresources\.kubevirt\.io\/v1(?:alpha3)?\/namespaces\/[a-z0-9-]+\/virtualmachineinstances\/([a-z0-9.-]+)\/vnc$/i;

function begin(): void {
  const path = new URLSearchParams(location.search).get('path') ?? '';
  const [, name] = wanted.exec(path) ?? [];
  const state = h('span', { class: 'live', role: 'status' }, 'connecting');
  if (name === undefined) {
    fill(
      main,
      heading('No screen here'),
      h('p', { role: 'alert' }, 'Open the link you were given.'),
    );
    return;
  }
  const screen = h('div', { class: 'screen screen-vm' });
  fill(main, heading(`Screen of ${name}`, state), screen);
  const protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const remote = new RFB(screen, `${protocol}//${location.host}/${path}`, {
    wsProtocols: ['plain.kubevirt.io'],
  });
  remote.scaleViewport = true;
  remote.addEventListener('connect', () => {
    state.textContent = 'live';
    state.dataset['live'] = 'true';
    remote.focus();
  });
  remote.addEventListener('disconnect', () => {
    state.textContent = 'ended';
    state.dataset['live'] = 'false';
  });
}

begin();
