/** What an edge router offers, as a consumer here: messages by its link, streams by links of their own. */
import type { LocalConsumer } from '../address-table.ts';
import type { MessageSender } from '../link/message-sender.ts';
import type { StreamLinks } from '../link/stream-links.ts';
import type { MessageRoute } from '../stream.ts';

export interface EdgeConsumerParts {
  readonly streams: StreamLinks;
  readonly sender: MessageSender;
  /** The annotations section for the next hop. */
  readonly annotate: (route: MessageRoute) => Uint8Array;
}

export function edgeConsumer({ streams, sender, annotate }: EdgeConsumerParts): LocalConsumer {
  return {
    stream: {
      onStream: (route, feedback) => {
        const sink = streams.open(feedback);
        sink.write(annotate(route));
        return sink;
      },
    },
    message: {
      onMessage: ({ route, bytes }, onOutcome) =>
        sender.send(Buffer.concat([annotate(route), bytes]), onOutcome),
    },
  };
}
