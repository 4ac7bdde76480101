/** `gateway serve`: the gateway as a process of its own. The running itself is app's. */
import { isIP } from 'node:net';
import type { Command } from 'commander';
import { gatewayNamespaceDefault } from '../../api/gateway-address.ts';
import { locateApi } from '../../api/locate.ts';
import type { GlobalFlags } from '../../input/format.ts';
import { choiceProblems } from '../../input/name.ts';
import { portProblems } from '../../input/port.ts';
import { Problems } from '../../input/problems.ts';
import { repeated } from '../../input/repeated.ts';
import type { CliIo, Outcome } from '../../io.ts';
import { addCreatorOptions, type CreatorServeFlags, readCreators } from './creator-flags.ts';
import {
  addImpersonationOptions,
  type ImpersonationFlags,
  readImpersonation,
} from './impersonation-flags.ts';
import { addRecordingOptions, readRecording, type RecordingFlags } from './recording-flags.ts';
import { addLoginOptions, type OidcFlags, readOidc } from './login-flags.ts';

interface ServeFlags
  extends GlobalFlags,
    OidcFlags,
    RecordingFlags,
    CreatorServeFlags,
    ImpersonationFlags {
  readonly listen: string;
  readonly port: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly publicUrl: string;
  readonly publicCaFile?: string;
  readonly host: readonly string[];
  readonly cluster: readonly string[];
  readonly identity: string;
  readonly gatewayNamespace: string;
  readonly protect: readonly string[];
  readonly nodesProxy: boolean;
  readonly trustedProxy: readonly string[];
  readonly proxyProtocol: readonly string[];
  readonly allowedOrigin: readonly string[];
  readonly auditFile?: string;
  readonly auditFailOpen: boolean;
  readonly metricsPort?: string;
}

const help = `
Who comes by a link is user gw:link:NAMESPACE:NAME in group gw:links towards the API server: bind
that group to what links may reach at most. Where --impersonate-user lists names, links that are not
in it share the user gw:link; groups that --impersonate-group does not list are left out; a person
who is not listed is refused. With --identity account the limit is what the account of
the kubeconfig may do.

Examples:
  drawbridge gateway serve --public-url https://access.example.com --tls-cert tls.crt \\
    --tls-key tls.key --listen 0.0.0.0 --audit-file /var/log/drawbridge/gateway.jsonl
  drawbridge gateway serve --public-url https://127.0.0.1:8443 --tls-cert tls.crt \\
    --tls-key tls.key --cluster east=east.kubeconfig`;

/** Adds the verb to its group. */
export function addGatewayServe(group: Command, io: CliIo, outcome: Outcome): void {
  const serve = group
    .command('serve')
    .description('run the gateway before the API server of the kubeconfig')
    .requiredOption('--tls-cert <file>', 'PEM certificate chain; read again when it changes')
    .requiredOption('--tls-key <file>', 'PEM private key of --tls-cert')
    .requiredOption('--public-url <url>', 'https URL by which clients come here')
    .option('--public-ca-file <file>', 'PEM bundle that clients check it with, for kubeconfigs')
    .option('--listen <address>', 'IP address to listen on', '127.0.0.1')
    .option('--port <port>', 'port, 0 for any free one', '8443')
    .option('--host <name>', 'another name by which clients come here', repeated, [])
    .option('--cluster <name=file>', 'another cluster, by a kubeconfig', repeated, [])
    .option(
      '--gateway-namespace <name>',
      'own namespace, closed to grants',
      gatewayNamespaceDefault,
    )
    .option('--protect <namespace>', 'another namespace whose Secrets stay closed', repeated, [])
    .option('--nodes-proxy', 'let grants name nodes/proxy', false)
    .option('--trusted-proxy <network>', 'proxy whose X-Forwarded-For is believed', repeated, [])
    .option('--proxy-protocol <network>', 'proxy that begins with PROXY protocol', repeated, [])
    .option('--allowed-origin <origin>', 'origin whose pages may use sessions', repeated, [])
    .option('--audit-file <file>', 'where one JSON line for each request goes, - for stdout')
    .option('--audit-fail-open', 'go on when the audit log cannot be written', false)
    .option('--metrics-port <port>', 'port of metrics and health');
  addImpersonationOptions(addCreatorOptions(addRecordingOptions(addLoginOptions(serve))))
    .addHelpText('after', help)
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ServeFlags>();
      const problems = new Problems();
      const clusters = readServeFlags(problems, flags);
      const oidc = readOidc(problems, flags);
      const recording = readRecording(problems, flags);
      const creators = readCreators(problems, flags);
      const impersonates = readImpersonation(problems, flags);
      problems.throwIfAny("see 'drawbridge gateway serve --help'");
      const { path } = await locateApi(io, flags);
      const { runGateway } = await import('#app/index.ts');
      outcome.exitCode = await runGateway({
        listen: flags.listen,
        port: Number(flags.port),
        tlsFiles: { cert: flags.tlsCert, key: flags.tlsKey },
        publicUrl: new URL(flags.publicUrl).origin,
        ...(flags.publicCaFile === undefined ? {} : { publicCaFile: flags.publicCaFile }),
        hosts: [new URL(flags.publicUrl).hostname, ...flags.host],
        kubeconfig: {
          ...(path === undefined ? {} : { path }),
          ...(flags.context === undefined ? {} : { context: flags.context }),
        },
        clusters,
        identity: flags.identity === 'account' ? 'account' : 'impersonate',
        namespace: flags.gatewayNamespace,
        protectedNamespaces: flags.protect,
        nodesProxy: flags.nodesProxy,
        ...(oidc === undefined ? {} : { oidc }),
        ...(recording === undefined ? {} : { recording }),
        creators,
        ...(impersonates === undefined ? {} : { impersonates }),
        trustedProxies: flags.trustedProxy,
        ...(flags.proxyProtocol.length === 0 ? {} : { proxyProtocol: flags.proxyProtocol }),
        allowedOrigins: flags.allowedOrigin,
        audit: auditOf(flags),
        ...(flags.metricsPort === undefined ? {} : { metricsPort: Number(flags.metricsPort) }),
      });
    });
}

function auditOf({ auditFile, auditFailOpen }: ServeFlags) {
  return {
    ...(auditFile === undefined ? {} : { file: auditFile }),
    failClosed: !auditFailOpen,
  };
}

/** Notes what is wrong. @returns kubeconfig files by name of cluster */
function readServeFlags(problems: Problems, flags: ServeFlags): ReadonlyMap<string, string> {
  problems.add(
    ...portProblems('--port', flags.port, 0),
    ...choiceProblems('--identity', flags.identity, ['impersonate', 'account']),
  );
  if (flags.metricsPort !== undefined) {
    problems.add(...portProblems('--metrics-port', flags.metricsPort, 0));
  }
  if (isIP(flags.listen) === 0) {
    problems.add(`--listen is not valid: "${flags.listen}" is not an IP address`);
  }
  const url = URL.canParse(flags.publicUrl) ? new URL(flags.publicUrl) : undefined;
  if (url?.protocol !== 'https:' || url.pathname !== '/') {
    problems.add(
      `--public-url is not valid: "${flags.publicUrl}" is not an https URL without a path`,
    );
  }
  for (const origin of flags.allowedOrigin) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue;
    problems.add(`--allowed-origin is not valid: "${origin}" is no origin such as https://HOST`);
  }
  const clusters = new Map<string, string>();
  for (const entry of flags.cluster) {
    const match = /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)=(.+)$/.exec(entry);
    const [, name = '', file = ''] = match ?? [];
    if (match === null || name === 'local' || clusters.has(name)) {
      problems.add(`--cluster is not valid: "${entry}" is not NAME=FILE with a new name`);
    } else clusters.set(name, file);
  }
  return clusters;
}
