/** `gateway exec-credential`: what kubectl runs to get a session of a grant. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { isRecord } from '#kube/index.ts';
import { CredentialCache, credentialFolder } from '../../api/credential-cache.ts';
import { checkGatewayUrl } from '../../api/gateway-address.ts';
import { type CodeAt, redeemCode } from '../../deeds/gateway/redeem-code.ts';
import { CliError, usageError } from '../../errors.ts';
import { refuseGlobals } from '../../input/format.ts';
import type { CliIo } from '../../io.ts';
import { renderExecCredential } from '../../output/exec-credential.ts';

interface ExecFlags {
  readonly gateway?: string;
  readonly caFile?: string;
  readonly codeFile?: string;
}

const codeVariable = 'DRAWBRIDGE_GATEWAY_CODE';

/** Adds the verb to its group. */
export function addGatewayExecCredential(group: Command, io: CliIo): void {
  group
    .command('exec-credential')
    .description('credential plugin of kubectl: a session of a grant, kept until it ends')
    .option('--gateway <url>', 'address of the gateway (default: the server kubectl names)')
    .option('--ca-file <file>', 'PEM bundle that --gateway is checked against')
    .option('--code-file <file>', `file with the code, instead of ${codeVariable}`)
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      'after',
      `
'drawbridge gateway kubeconfig --exec' writes a kubeconfig that calls it.

Examples:
  ${codeVariable}=dbg... drawbridge gateway exec-credential --gateway https://127.0.0.1:8443`,
    )
    .action(async (flags: ExecFlags, command: Command) => {
      refuseGlobals('gateway exec-credential', command.optsWithGlobals());
      const at = await whereToAsk(io, flags);
      const nowMs = (): number => Date.now();
      // Asking again before the end would spend another use for nothing.
      const cache = new CredentialCache(credentialFolder(io), nowMs, 1);
      const key = ['gateway', at.gateway, at.code];
      const credential = await cache.get(key, () => redeemCode(at, nowMs));
      io.stdout.write(renderExecCredential(credential, io.env['KUBERNETES_EXEC_INFO'], Date.now()));
    });
}

/** @throws CliError CLI_USAGE, CLI_FILE */
async function whereToAsk(io: CliIo, flags: ExecFlags): Promise<CodeAt> {
  const code = await codeIn(io, flags);
  if (flags.gateway !== undefined) {
    const ca = flags.caFile === undefined ? {} : { ca: await text(flags.caFile) };
    return { gateway: checkGatewayUrl(flags.gateway), ...ca, code };
  }
  const cluster = clusterIn(io.env['KUBERNETES_EXEC_INFO']);
  if (cluster === undefined) {
    throw usageError(
      ['no gateway is named: kubectl told no cluster'],
      'give --gateway, or set provideClusterInfo: true in the kubeconfig',
    );
  }
  if (cluster.insecure) {
    throw usageError(
      ['the kubeconfig skips the check of the server, so that the code could go to anybody'],
      'take insecure-skip-tls-verify out of the kubeconfig',
    );
  }
  const { server, ca } = cluster;
  const gateway = checkGatewayUrl(new URL(server).origin);
  return { gateway, ...(ca === undefined ? {} : { ca }), code };
}

async function codeIn(io: CliIo, { codeFile }: ExecFlags): Promise<string> {
  const given = codeFile === undefined ? io.env[codeVariable] : await text(codeFile);
  const code = (given ?? '').trim();
  if (/^dbg\.[a-z0-9.-]+\.[A-Za-z0-9_-]+$/.test(code)) return code;
  throw new CliError('CLI_FILE', `${codeFile ?? `the variable ${codeVariable}`} holds no code`, {
    todo: "get one with 'drawbridge gateway token create'",
  });
}

function clusterIn(
  info: string | undefined,
): { readonly server: string; readonly ca?: string; readonly insecure: boolean } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(info ?? '');
  } catch {
    return undefined;
  }
  const spec = isRecord(value) ? value['spec'] : undefined;
  const cluster = isRecord(spec) ? spec['cluster'] : undefined;
  if (!isRecord(cluster)) return undefined;
  const server = cluster['server'];
  if (typeof server !== 'string' || !URL.canParse(server)) return undefined;
  const data = cluster['certificate-authority-data'];
  const insecure = cluster['insecure-skip-tls-verify'] === true;
  if (typeof data !== 'string') return { server, insecure };
  return { server, insecure, ca: Buffer.from(data, 'base64').toString() };
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const todo = 'check the path and its permissions';
    throw new CliError('CLI_FILE', `${path} cannot be read`, { todo, cause });
  }
}
