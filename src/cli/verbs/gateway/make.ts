/** `gateway link`, `gateway kubeconfig`, `gateway token create`: three forms of a new grant. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { announcementKey, type GatewayAddress, linkPath } from '#gateway/index.ts';
import { formatTime } from '#kube/index.ts';
import {
  type AddressFlags,
  gatewayAddress,
  gatewayNamespaceDefault,
} from '../../api/gateway-address.ts';
import { type Session, withSession } from '../../api/session.ts';
import { codeFor, type MadeGrant, makeGrant } from '../../deeds/gateway/grant.ts';
import { type GlobalFlags, readFormat } from '../../input/format.ts';
import { addGrantFlags, type GrantFlags } from '../../input/grant/grant-flags.ts';
import { readGrantSpec } from '../../input/grant/grant-wish.ts';
import { nameProblems } from '../../input/name.ts';
import { Problems } from '../../input/problems.ts';
import { usageError } from '../../errors.ts';
import type { CliIo } from '../../io.ts';
import { renderDocument } from '../../output/document.ts';
import {
  approvalWords,
  grantEndMs,
  grantPhrases,
  grantSentence,
} from '../../output/gateway-grant.ts';
import { gatewayKubeconfig, mountOf } from '../../output/gateway-kubeconfig.ts';
import { renderQrCode } from '../../output/qr-code.ts';

type MakeFlags = GlobalFlags & GrantFlags & AddressFlags;

/** Adds the flags that all three have. */
function addMakeFlags(command: Command): Command {
  return addGrantFlags(command)
    .option('--gateway <url>', 'address of the gateway (default: as it says in the API)')
    .option('--gateway-namespace <name>', 'where the gateway tells it', gatewayNamespaceDefault)
    .allowExcessArguments(true);
}

/** Adds `link`. */
export function addGatewayLink(group: Command, io: CliIo): void {
  addMakeFlags(group.command('link [name]'))
    .description('make a link that opens something in a browser, for a while')
    .option('--no-qr', 'leave the QR code out')
    .addHelpText(
      'after',
      `
In a terminal a QR code comes with it; in a pipe the link stands alone.

With the name of a grant that was made with kubectl and has no code yet, and nothing to open, it is
given one.

Examples:
  drawbridge gateway link --for 30m --resource configmaps --object settings -n west
  drawbridge gateway link --resource pods --connect log --connect exec --uses 3 -n west
  drawbridge gateway link --url '/api/v1/namespaces/west/pods/*'`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<MakeFlags & { readonly qr: boolean }>();
      const format = readFormat(flags);
      await withMade(io, flags, command, async (session, { grant, code }) => {
        const { url } = await gatewayAddress(session, flags);
        const link = `${url}${linkPath}#${code}`;
        if (format !== 'table') {
          io.stdout.write(renderDocument({ url: link, ...factsOf(grant) }, format));
          return;
        }
        io.stdout.write(`${link}\n`);
        // In a pipe the link stands alone, and what is for people goes past it.
        const { columns } = io;
        if (columns === undefined) io.stderr.write(wordsOf(grant));
        else io.stdout.write(`\n${flags.qr ? qrCodeFor(link, columns) : ''}${wordsOf(grant)}`);
      });
    });
}

/** The code with a line after it; a text when it would be broken. */
function qrCodeFor(link: string, columns: number): string {
  const { width, text } = renderQrCode(link);
  return width <= columns ? `${text}\n` : `(${width} columns would show a QR code)\n\n`;
}

/** Adds `kubeconfig`. */
export function addGatewayKubeconfig(group: Command, io: CliIo): void {
  addMakeFlags(group.command('kubeconfig [name]'))
    .description('make a kubeconfig that goes through the gateway, for a while')
    .option('--exec', 'get sessions through drawbridge itself as credential plugin', false)
    .addHelpText(
      'after',
      `
Examples:
  drawbridge gateway kubeconfig --for 1h --resource pods -n west > pods.kubeconfig
  kubectl --kubeconfig pods.kubeconfig get pods`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<MakeFlags & { readonly exec: boolean }>();
      const format = readFormat(flags);
      await withMade(io, flags, command, async (session, { grant, code }) => {
        const address = await gatewayAddress(session, flags);
        const { cluster } = flags;
        const { namespace } = session;
        const plugin = flags.exec ? { plugin: 'drawbridge' } : {};
        const wish = { address, cluster, namespace, code, ...plugin };
        io.stdout.write(
          renderDocument(gatewayKubeconfig(wish), format === 'json' ? format : 'yaml'),
        );
        io.stderr.write(wordsOf(grant));
        io.stderr.write(`Use it: kubectl --kubeconfig FILE get ${resourceOf(grant)}\n`);
      });
    });
}

/** Adds `token create`. */
export function addGatewayToken(group: Command, io: CliIo): void {
  const token = group.command('token').description('make tokens for tools');
  addMakeFlags(token.command('create [name]'))
    .description('make a token for curl and other tools, for a while')
    .addHelpText(
      'after',
      `
Examples:
  TOKEN=$(drawbridge gateway token create --for 10m --resource pods --verb list -n west)
  curl --cacert ca.crt -H "Authorization: Bearer $TOKEN" https://127.0.0.1:8443/k8s/api/v1/namespaces/west/pods`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<MakeFlags>();
      const format = readFormat(flags);
      await withMade(io, flags, command, async (session, { grant, code }) => {
        const address = await gatewayAddress(session, flags);
        const { url } = address;
        if (format === 'table') {
          io.stdout.write(`${code}\n`);
          io.stderr.write(wordsOf(grant));
          io.stderr.write(curlWords(address, flags));
          return;
        }
        io.stdout.write(renderDocument({ token: code, gateway: url, ...factsOf(grant) }, format));
      });
    });
}

/** Makes the grant, or gives a code to one that is there, and hands it on. */
async function withMade(
  io: CliIo,
  flags: MakeFlags,
  command: Command,
  show: (session: Session, made: MadeGrant) => Promise<void>,
): Promise<void> {
  const problems = new Problems();
  const [name, ...more] = command.args;
  if (more.length > 0) problems.add('only one argument is allowed for this command.');
  if (name !== undefined) problems.add(...nameProblems('grant name', name));
  const opens = flags.resource.length > 0 || flags.url.length > 0;
  if (name !== undefined && !opens) {
    problems.throwIfAny(see(command));
    await withSession(io, flags, async (session) => {
      // Without an address there is nothing to show, and the code would be lost.
      await gatewayAddress(session, flags);
      await show(session, await codeFor(session, name));
    });
    return;
  }
  readGrantSpec(problems, flags, flags.namespace ?? 'default', Date.now());
  problems.throwIfAny(see(command));
  await withSession(io, flags, async (session) => {
    refuseUnknownCluster(flags, await gatewayAddress(session, flags));
    const spec = readGrantSpec(new Problems(), flags, session.namespace, Date.now());
    const fresh = `${nameOf(command)}-${randomBytes(4).toString('hex')}`;
    await show(session, await makeGrant(session, name ?? fresh, spec, flags.gatewayNamespace));
  });
}

/** A gateway of another address than the one told may reach others. */
function refuseUnknownCluster({ cluster, gateway }: MakeFlags, address: GatewayAddress): void {
  const { clusters } = address;
  if (gateway !== undefined || clusters === undefined || clusters.includes(cluster)) return;
  throw usageError(
    [`--cluster is not valid: the gateway reaches ${clusters.join(', ')}, not "${cluster}"`],
    "give it more with 'drawbridge gateway serve --cluster NAME=KUBECONFIG'",
  );
}

/** `link`, `kubeconfig` or `token`; tokens are made by `token create`. */
function nameOf(command: Command): string {
  return command.name() === 'create' ? 'token' : command.name();
}

function see(command: Command): string {
  const verb = command.name() === 'create' ? 'token create' : command.name();
  return `see 'drawbridge gateway ${verb} --help'`;
}

/** How to use a token: its address, and where the certificate authority of the gateway is told. */
function curlWords({ url, ca }: GatewayAddress, { cluster, gatewayNamespace }: MakeFlags): string {
  const { namespace, name } = announcementKey(gatewayNamespace);
  const trust = ca === '' ? '' : ' --cacert ca.crt';
  const lines = [
    `Use it: curl${trust} -H "Authorization: Bearer $TOKEN" ${url}${mountOf(cluster)}/api/...`,
  ];
  if (ca !== '') {
    const path = "jsonpath='{.data.ca\\.crt}'";
    lines.push(`ca.crt: kubectl get configmap ${name} -n ${namespace} -o ${path} > ca.crt`);
  }
  return `${lines.join('\n')}\n`;
}

/** What kubectl could get by the grant. */
function resourceOf({ spec }: MadeGrant['grant']): string {
  const [resource = ''] = spec.rules?.[0]?.resources ?? [];
  return resource === '' || resource.includes('*') ? 'pods' : resource.replace(/\/.*/, '');
}

function factsOf(grant: MadeGrant['grant']) {
  const { name, namespace } = grant.metadata;
  return {
    name,
    namespace,
    expires: formatTime(grantEndMs(grant)),
    uses: grant.spec.usesAllowed ?? 1,
  };
}

function wordsOf(grant: MadeGrant['grant']): string {
  const { name, namespace = 'default' } = grant.metadata;
  return [
    `${grantSentence(grant, Date.now())}:`,
    ...grantPhrases(grant).map((phrase) => `  ${phrase}`),
    ...approvalWords(grant),
    `Whoever has it can use it. End it with 'drawbridge gateway revoke ${name} -n ${namespace}'`,
    '',
  ].join('\n');
}
