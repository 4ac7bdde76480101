/** Door of router: the forwarding core, its management agent and what producers in process need. */
export type { LocalConsumer } from './address-table.ts';
export {
  type Attributes,
  type AttributeValue,
  type Entity,
  type EntityKind,
  invalid as invalidAttribute,
  optionalBoolean,
  optionalNumber,
  optionalText,
  portOf,
  required,
  textOf,
} from './agent/entity.ts';
export { EntityShelf, type Shelved } from './agent/entity-shelf.ts';
export { applyConfig, configRouterOptions, parseConfig } from './config-file.ts';
export { ManagementAgent } from './agent/management-agent.ts';
export type { TlsProfileSource } from './endpoint/tls-profiles.ts';
export { RouterError, type RouterErrorCode } from './errors.ts';
export {
  accessKey,
  FlowIdentities,
  FlowReporter,
  type FlowReporterDeps,
  type FlowReporterOptions,
  type FlowSubject,
} from './flow-reporter.ts';
export { streamRoute, type OnOutcome, type WholeMessage } from './message.ts';
export { Router, type RouterDeps, type RouterOptions } from './router.ts';
export {
  type MessageRoute,
  type Outcome,
  type Registration,
  type StreamConsumer,
  type StreamFeedback,
  type StreamRouter,
  type StreamSink,
} from './stream.ts';
