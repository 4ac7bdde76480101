/** Door of router: the forwarding core, its management agent and what producers in process need. */
export { errorDocs, RouterError, type RouterErrorCode } from './errors.ts';
export {
  MessageFlag,
  type MessageRoute,
  type Outcome,
  type Registration,
  type StreamConsumer,
  type StreamFeedback,
  type StreamRouter,
  type StreamSink,
} from './stream.ts';
