/** The door of the supervisor: child processes that are kept running. */
export { type SupervisorErrorCode } from './errors.ts';
export { heartbeatFd } from './heartbeat.ts';
export {
  type ProcessSpec,
  type ProcessState,
  type SupervisedProcess,
  type SupervisedProcessDeps,
  type SupervisedProcessOptions,
  untilReady,
} from './supervised-process.ts';
export {
  sameCommand,
  Supervisor,
  type SupervisorDeps,
  type SupervisorOptions,
} from './supervisor.ts';
export { acceptsTcp } from './tcp-probe.ts';
