/**
 * A command in a container over WebSocket: each binary message is a channel byte and data.
 * @spec Kubernetes remote command, v5.channel.k8s.io
 */

const channels = { input: 0, output: 1, errors: 2, status: 3, size: 4 } as const;

export interface RemoteCommandEvents {
  onOutput(bytes: Uint8Array): void;
  /** The end, in words; `failed` when it was not the command's own good end. */
  onEnd(text: string, failed: boolean): void;
}

export class RemoteCommand {
  readonly #socket: WebSocket;
  readonly #events: RemoteCommandEvents;
  #ended = false;

  /** @param address of the exec subresource with its query */
  constructor(address: string, events: RemoteCommandEvents) {
    this.#events = events;
    this.#socket = new WebSocket(address, ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer) this.#onMessage(new Uint8Array(data));
    });
    this.#socket.addEventListener('close', ({ reason, wasClean }) => {
      this.#end(reason || (wasClean ? 'The session has ended.' : 'The connection was cut.'), true);
    });
  }

  write(text: string): void {
    this.#send(channels.input, new TextEncoder().encode(text));
  }

  resize(columns: number, rows: number): void {
    const size = JSON.stringify({ Width: columns, Height: rows });
    this.#send(channels.size, new TextEncoder().encode(size));
  }

  close(): void {
    this.#ended = true;
    this.#socket.close();
  }

  /** Calls back once the channel is open. */
  onOpen(callback: () => void): void {
    this.#socket.addEventListener('open', callback);
  }

  #send(channel: number, bytes: Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const message = new Uint8Array(bytes.length + 1);
    message[0] = channel;
    message.set(bytes, 1);
    this.#socket.send(message);
  }

  #onMessage(message: Uint8Array): void {
    const [channel] = message;
    const bytes = message.subarray(1);
    if (channel === channels.output || channel === channels.errors) this.#events.onOutput(bytes);
    else if (channel === channels.status) this.#onStatus(new TextDecoder().decode(bytes));
  }

  /** The last word of the server: a Status that tells how the command ended. */
  #onStatus(text: string): void {
    const status = parsed(text);
    const good = status.status === 'Success';
    this.#end(good ? 'The command has ended.' : (status.message ?? 'The command failed.'), !good);
  }

  #end(text: string, failed: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onEnd(text, failed);
  }
}

function parsed(text: string): { readonly status?: string; readonly message?: string } {
  try {
    return JSON.parse(text) as { readonly status?: string; readonly message?: string };
  } catch {
    return { message: text };
  }
}
