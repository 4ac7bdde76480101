/** The flags that say what a grant opens, and for how long. */
import type { Command } from 'commander';
import { gatewayStreams, type GatewayToken } from '#apis/index.ts';
import { repeated } from '../repeated.ts';

export type GrantSpec = GatewayToken['spec'];

export interface GrantFlags {
  readonly for: string;
  readonly uses: string;
  readonly verb: readonly string[];
  readonly resource: readonly string[];
  readonly object: readonly string[];
  readonly selector: readonly string[];
  readonly allNamespaces: boolean;
  readonly url: readonly string[];
  readonly method: readonly string[];
  readonly connect: readonly string[];
  readonly client: readonly string[];
  readonly bindFirstClient: boolean;
  readonly notBefore?: string;
  readonly sessionMax?: string;
  readonly countPer: string;
  readonly maxConcurrent?: string;
  readonly cluster: string;
  readonly viewOnly: boolean;
  readonly approvals?: string;
  readonly approver: readonly string[];
  readonly record: string;
}

/** Streams that `--connect` names. */
export const streams: readonly string[] = gatewayStreams;

/** Adds the flags that say what a grant opens. */
export function addGrantFlags(command: Command): Command {
  return command
    .option('--for <duration>', 'how long it can be used', '15m')
    .option('--uses <count>', 'how often it can be used', '1')
    .option('--verb <verb>', 'verb such as get or delete (default: get, list, watch)', repeated, [])
    .option('--resource <resource>', 'such as pods, pods/status, deployments.apps', repeated, [])
    .option('--object <name>', 'only objects of this name', repeated, [])
    .option('--selector <selector>', 'only lists with this label selector', repeated, [])
    .option('-A, --all-namespaces', 'in all namespaces instead of the one of -n', false)
    .option('--connect <kind>', `stream to open: ${streams.join(', ')}`, repeated, [])
    .option('--url <pattern>', 'path such as /api/v1/namespaces/x/pods/*', repeated, [])
    .option('--method <method>', 'method for --url (default: get)', repeated, [])
    .option('--client <network>', 'only clients from this address or network', repeated, [])
    .option('--bind-first-client', 'only the address that used it first', false)
    .option('--not-before <time>', 'when it begins, such as 2027-01-31T08:00:00Z')
    .option('--session-max <duration>', 'how long one session lasts (default: --for)')
    .option('--count-per <what>', 'what a use is: redemption, request or stream', 'redemption')
    .option('--max-concurrent <count>', 'sessions at the same time')
    .option('--cluster <name>', 'cluster that the gateway reaches', 'local')
    .option('--view-only', 'let browsers look but not type', false)
    .option('--approvals <count>', 'how many others must approve it before it works (default: 0)')
    .option('--approver <who>', 'who may: NAME, group:NAME, account:NAMESPACE/NAME', repeated, [])
    .option('--record <when>', 'record terminals: policy of the gateway, always, never', 'policy');
}

/** Values may be repeated flags or lists with commas. */
export function lists(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).map((value) => value.trim());
}
