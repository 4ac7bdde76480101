/** Logs of a container, followed. */
import { h } from '../dom.ts';
import { ask, lines } from '../kube.ts';
import { overviewFragment, type Place, placeFragment, placePath } from '../resources.ts';
import { againButton, faultNote, heading, trail, type ViewContext } from './view.ts';

/** Lines that stay on the page; older ones leave it. */
const linesMax = 10_000;
const tailLines = 500;

export function showLogs(
  { main, signal, say }: ViewContext,
  place: Place,
  container: string,
): void {
  const output = h('pre', { class: 'log', tabindex: '0', role: 'log', 'aria-live': 'off' });
  output.setAttribute('aria-label', `Logs of ${container}`);
  const state = h('span', { class: 'live', role: 'status' });
  const wrap = h('input', { type: 'checkbox', id: 'wrap' });
  const stick = h('input', { type: 'checkbox', id: 'stick' });
  stick.checked = true;
  wrap.addEventListener('change', () => output.classList.toggle('wrap', wrap.checked));
  const save = h('button', { type: 'button', class: 'button' }, 'Save');
  save.addEventListener('click', () => saveText(`${place.name ?? ''}-${container}.log`, output));
  main.append(
    trail(['Overview', overviewFragment()], [place.name ?? '', placeFragment('object', place)]),
    heading(`Logs of ${container}`, state),
    h(
      'div',
      { class: 'bar' },
      h('label', { class: 'check' }, stick, 'Keep to the end'),
      h('label', { class: 'check' }, wrap, 'Wrap lines'),
      save,
    ),
    output,
  );
  const query = `container=${encodeURIComponent(container)}&follow=true&tailLines=${tailLines}`;
  const read = async (): Promise<string> => {
    try {
      const response = await ask(`${placePath(place)}/log?${query}`, '*/*', signal);
      state.textContent = 'live';
      state.dataset['live'] = 'true';
      const pen = new LinePen(output, () => stick.checked);
      for await (const line of lines(response)) pen.add(line);
      return 'The log has ended.';
    } catch (thrown) {
      if (!signal.aborted && thrown instanceof Error) main.append(faultNote(thrown));
      return 'The log was cut.';
    }
  };
  void read().then((text) => {
    state.textContent = 'ended';
    state.dataset['live'] = 'false';
    state.after(againButton());
    if (!signal.aborted) say(text);
  });
}

/** Writes lines once a frame, so that a fast log does not stop the page. */
class LinePen {
  readonly #output: HTMLElement;
  readonly #stick: () => boolean;
  #pending: string[] = [];
  #isDrawing = false;

  constructor(output: HTMLElement, stick: () => boolean) {
    this.#output = output;
    this.#stick = stick;
  }

  add(line: string): void {
    this.#pending.push(line);
    if (this.#pending.length > linesMax) this.#pending.shift();
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      const text = this.#pending.map((pending) => `${pending}\n`);
      this.#pending = [];
      this.#output.append(...text);
      while (this.#output.childNodes.length > linesMax) this.#output.firstChild?.remove();
      if (this.#stick()) this.#output.scrollTop = this.#output.scrollHeight;
    });
  }
}

function saveText(name: string, from: HTMLElement): void {
  const url = URL.createObjectURL(new Blob([from.textContent ?? ''], { type: 'text/plain' }));
  h('a', { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
