/** The whole messages of a recorded connection between real routers, in order of arrival. */
import { decodeMessage, type Message } from '#amqp/index.ts';
import { FrameReader } from '#amqp/wire/frame-reader.ts';
import { readTranscript } from './amqp-transcript.ts';

export interface RecordedMessage {
  readonly connection: number;
  /** `out`: written by the side that opened the connection. */
  readonly direction: 'in' | 'out';
  readonly message: Message;
}

export function transcriptMessages(name: Parameters<typeof readTranscript>[0]): RecordedMessage[] {
  const messages: RecordedMessage[] = [];
  for (const frame of readTranscript(name)) {
    const payload: Uint8Array[] = [];
    let whole = false;
    const ignore = (): void => undefined;
    const reader = new FrameReader(
      {
        onProtocolHeader: ignore,
        onHeartbeat: ignore,
        onSaslFrame: ignore,
        onPerformative: ignore,
        onTransfer: (_channel, transfer) => {
          whole = !transfer.more && transfer.deliveryId >= 0;
        },
        onPayload: (bytes) => payload.push(bytes),
        onTransferEnd: ignore,
      },
      65_536,
    );
    reader.push(frame.bytes);
    const bytes = Buffer.concat(payload);
    if (!whole || bytes[0] !== 0) continue;
    const message = decodeMessage(bytes);
    messages.push({
      connection: frame.conn,
      direction: frame.dir,
      message,
    });
  }
  return messages;
}
