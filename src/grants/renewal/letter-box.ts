/** Where letters of other sites arrive: each is given to whom it is for, and none goes unfinished. */
import { unreachable } from '#base/assert.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import type { Envelope } from './envelope.ts';
import { type Letter, openLetter, type RenewalAnswer } from './letters.ts';
import type { RenewalAnswerer } from './renewal-answerer.ts';
import type { TrustReceiver } from './trust-receiver.ts';
import type { TrustSender } from './trust-sender.ts';

/** Gives each letter to whom it is for. */
export class LetterBox {
  readonly #log: Logger;
  readonly #readers: Readers;
  readonly #tasks = new Set<Promise<void>>();

  constructor(log: Logger, readers: Readers) {
    this.#log = log;
    this.#readers = readers;
  }

  onText(namespace: string, text: string): void {
    const letter = openLetter(text);
    if (letter === undefined) return;
    const task = this.#handle(namespace, letter).catch((thrown: unknown) =>
      this.#log.warn('a letter was not handled', { error: messageOf(thrown) }),
    );
    const done = task.finally(() => this.#tasks.delete(done));
    this.#tasks.add(done);
  }

  async drain(): Promise<void> {
    await Promise.all(this.#tasks);
  }

  #handle(namespace: string, letter: Letter): Promise<void> {
    const { answerer, renewal, receiver, sender } = this.#readers;
    switch (letter.kind) {
      case 'request':
        return answerer.onRequest(namespace, letter.request, letter.envelope);
      case 'answer':
        return renewal.onAnswer(namespace, letter.answer, letter.envelope);
      case 'trust':
        return receiver.onNotice(namespace, letter.notice, letter.envelope);
      case 'taken':
        return sender.onTaken(namespace, letter.taken, letter.envelope);
      default:
        return unreachable(letter, 'letter');
    }
  }
}

interface Readers {
  readonly answerer: Pick<RenewalAnswerer, 'onRequest'>;
  readonly renewal: {
    onAnswer(namespace: string, answer: RenewalAnswer, envelope: Envelope): Promise<void>;
  };
  readonly receiver: Pick<TrustReceiver, 'onNotice'>;
  readonly sender: Pick<TrustSender, 'onTaken'>;
}
