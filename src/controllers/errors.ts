/** Faults of the controllers and of the runtimes. */
import { CodedError, type ErrorDocs } from '#base/errors.ts';

export type ControllerErrorCode =
  | 'CONTROLLER_ACCESS_KIND_MISSING'
  | 'CONTROLLER_ACCESS_SETTINGS'
  | 'CONTROLLER_NO_FREE_PORT'
  | 'CONTROLLER_NOT_OURS'
  | 'CONTROLLER_PORT_TAKEN'
  | 'CONTROLLER_ROUTER_AWAY'
  | 'CONTROLLER_ROUTER_FILES'
  | 'CONTROLLER_ROUTER_REFUSED';

export class ControllerError extends CodedError<ControllerErrorCode> {}

export const errorDocs: ErrorDocs<ControllerErrorCode> = {
  CONTROLLER_ACCESS_KIND_MISSING: {
    meaning: 'An access type needs a kind of object that the cluster does not have.',
    action: 'Install what brings the kind, or choose another access type.',
  },
  CONTROLLER_ACCESS_SETTINGS: {
    meaning: 'The access types of the controller do not fit together.',
    action: 'Correct the flags or variables that the message names.',
  },
  CONTROLLER_NO_FREE_PORT: {
    meaning: 'No port could be found on which a router may listen.',
    action: 'Free some ports between 20000 and 32767 on the listen address.',
  },
  CONTROLLER_NOT_OURS: {
    meaning: 'An object that a controller needs to write belongs to somebody else.',
    action: 'Rename or delete the object named in the message.',
  },
  CONTROLLER_PORT_TAKEN: {
    meaning: 'A port that must be exactly this one is used by another program.',
    action: 'Stop the other program, or choose another port in the RouterAccess.',
  },
  CONTROLLER_ROUTER_AWAY: {
    meaning: 'The router of a site cannot be reached over its management connection.',
    action: 'It is tried again by itself; the log lines of the router say why it is away.',
  },
  CONTROLLER_ROUTER_FILES: {
    meaning: 'The files a router needs could not be written.',
    action: 'Check space and permissions of the data directory.',
  },
  CONTROLLER_ROUTER_REFUSED: {
    meaning: 'The router did not accept a part of its configuration.',
    action: 'The message names the entity and what the router said.',
  },
};
