/** All edge routers that are attached to this interior one. */
import { AmqpConditions, type ConnectionHandler } from '#amqp/index.ts';
import type { Logger } from '#base/log.ts';
import type { ConnectionId } from '#routing/index.ts';
import { streamWindowFrames } from '../link/stream-links.ts';
import { EdgeConnection, type EdgeGateway } from './edge-connection.ts';

export interface EdgeRoutersDeps extends EdgeGateway {
  readonly log: Logger;
  /** A number that no other connection of routers has. */
  readonly takeId: () => ConnectionId;
}

/** Most connections of edge routers. */
export const edgeRoutersMax = 4096;

export class EdgeRouters {
  readonly #deps: EdgeRoutersDeps;
  readonly #connections = new Set<EdgeConnection>();

  constructor(deps: EdgeRoutersDeps) {
    this.#deps = deps;
  }

  /** The handler of one accepted connection. */
  handler(): ConnectionHandler {
    const { log } = this.#deps;
    let edge: EdgeConnection | undefined;
    return {
      onOpened: (connection, peer) => {
        const refusal = this.#refusal(peer.containerId);
        if (refusal !== undefined) {
          log.warn('edge router refused', { edge: peer.containerId, refusal });
          connection.close({ condition: AmqpConditions.notAllowed, description: refusal });
          return;
        }
        edge = new EdgeConnection(this.#deps, this.#deps.takeId(), connection, peer.containerId);
        this.#connections.add(edge);
        log.info('edge router attached', { edge: edge.name });
      },
      onSession: () =>
        edge === undefined
          ? {
              refuse: {
                condition: AmqpConditions.notAllowed,
                description: 'connection was refused',
              },
            }
          : { handler: edge, options: { incomingWindowFrames: streamWindowFrames } },
      onClosed: () => {
        if (edge === undefined) return;
        this.#connections.delete(edge);
        edge.onClosed();
        log.info('edge router gone', { edge: edge.name });
      },
    };
  }

  /** Detaches idle streaming links that are too many; every 30 s. */
  scrub(): void {
    for (const edge of this.#connections) edge.scrub();
  }

  #refusal(id: string): string | undefined {
    if (id === this.#deps.self) return 'the edge router has the id of this router';
    if (!/^[^/\s]{1,256}$/u.test(id)) return 'the id of the edge router cannot be used';
    return this.#connections.size < edgeRoutersMax ? undefined : 'too many edge routers';
  }
}
