/** `gateway`: links, kubeconfigs and tokens that open parts of an API for a while; and the server. */
import type { Command } from 'commander';
import type { CliIo, Outcome } from '../../io.ts';
import { addGatewayApproval } from './approve.ts';
import { addGatewayExecCredential } from './exec-credential.ts';
import { addGatewayInstall, addGatewayUninstall } from './install.ts';
import { addGatewayAudit, addGatewayList, addGatewayRevoke } from './look-after.ts';
import { addGatewayKubeconfig, addGatewayLink, addGatewayToken } from './make.ts';
import { addGatewayRecordings } from './recordings.ts';
import { addGatewayServe } from './serve.ts';

/** Adds the verbs to their group. */
export function addGateway(group: Command, io: CliIo, outcome: Outcome): void {
  addGatewayLink(group, io);
  addGatewayKubeconfig(group, io);
  addGatewayToken(group, io);
  addGatewayList(group, io);
  addGatewayApproval(group, io);
  addGatewayRevoke(group, io);
  addGatewayExecCredential(group, io);
  addGatewayServe(group, io, outcome);
  addGatewayInstall(group, io);
  addGatewayUninstall(group, io);
  addGatewayRecordings(group, io, outcome);
  addGatewayAudit(group, io, outcome);
}
