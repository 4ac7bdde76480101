/** Flags of `gateway serve` about who created a grant, in a cluster. */
import type { Command } from 'commander';
import { admissionName } from '../../deeds/installation/gateway-admission.ts';
import { nameProblems } from '../../input/name.ts';
import { portProblems } from '../../input/port.ts';
import type { Problems } from '../../input/problems.ts';

export interface CreatorServeFlags {
  readonly admissionPort?: string;
  readonly admissionSecret: string;
  readonly admissionClientCa?: string;
  readonly trustCreators: boolean;
}

/** What the gateway needs of them. */
export interface CreatorWish {
  readonly trustAll: boolean;
  readonly admission?: {
    readonly port: number;
    readonly secret: string;
    readonly clientCaFile?: string;
  };
}

export function addCreatorOptions(command: Command): Command {
  return command
    .option('--admission-port <port>', 'where the API server asks who may make which grant')
    .option(
      '--admission-secret <name>',
      'Secret in the own namespace with the certificate for that',
      admissionName,
    )
    .option('--admission-client-ca <file>', 'PEM CAs of the client certificate of the API server')
    .option(
      '--trust-creators',
      'honour grants also when nobody has checked what their creators may do',
      false,
    );
}

/** Notes what is wrong. */
export function readCreators(problems: Problems, flags: CreatorServeFlags): CreatorWish {
  const { admissionPort, admissionSecret, admissionClientCa, trustCreators } = flags;
  if (admissionPort === undefined) {
    if (admissionClientCa !== undefined)
      problems.add('--admission-client-ca needs --admission-port');
    return { trustAll: trustCreators };
  }
  problems.add(
    ...portProblems('--admission-port', admissionPort, 0),
    ...nameProblems('--admission-secret', admissionSecret),
  );
  if (trustCreators) problems.add('--admission-port and --trust-creators contradict each other');
  return {
    trustAll: false,
    admission: {
      port: Number(admissionPort),
      secret: admissionSecret,
      ...(admissionClientCa === undefined ? {} : { clientCaFile: admissionClientCa }),
    },
  };
}
