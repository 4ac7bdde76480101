/** Pages beside the routes of the gateway, such as a console. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Pages of one sort. */
export interface PageSource {
  /** Answers GET or HEAD of a path. @returns false when it has no such page */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean;
}
