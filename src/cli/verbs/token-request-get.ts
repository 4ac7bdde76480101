/** `token-request get`: a short-lived token for a bot, kept until two thirds of its life. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { checkLabelName, checkSubdomainName } from '#kube/index.ts';
import { clusterAddress } from '../api/cluster-address.ts';
import { type Credential, CredentialCache, credentialFolder } from '../api/credential-cache.ts';
import { requestToken, type TokenWish } from '../deeds/request-token.ts';
import { CliError } from '../errors.ts';
import { readDuration } from '../input/duration.ts';
import { type GlobalFlags, readFormat } from '../input/format.ts';
import { Problems } from '../input/problems.ts';
import { repeated } from '../input/repeated.ts';
import type { CliIo } from '../io.ts';
import { renderDocument } from '../output/document.ts';
import { renderExecCredential } from '../output/exec-credential.ts';

interface GetFlags extends GlobalFlags {
  readonly serviceAccount: string;
  readonly audience: readonly string[];
  readonly duration: string;
  readonly server?: string;
  readonly caFile?: string;
  readonly tokenEnv: string;
  readonly tokenFile?: string;
  readonly execCredential: boolean;
  readonly cache: boolean;
}

/** What Kubernetes gives at least; milliseconds. */
const durationMsMin = 600_000;

/** Adds the verb to its group. */
export function addTokenRequestGet(group: Command, io: CliIo): void {
  group
    .command('get')
    .description('print a short-lived token of a service account')
    .requiredOption('--service-account <namespace/name>', 'whose token')
    .option('--audience <audience>', 'whom it is for; may be repeated', repeated, [])
    .option('--duration <duration>', 'how long it should live, at least 10m', '1h')
    .option('--server <url>', 'address of the TokenRequest API with its prefix')
    .option('--ca-file <file>', 'PEM bundle that --server is checked against')
    .option('--token-env <name>', 'variable with the long-lived token', 'DRAWBRIDGE_TOKEN')
    .option('--token-file <file>', 'file with the long-lived token, instead of --token-env')
    .option('--exec-credential', 'print what kubectl wants of a credential plugin', false)
    .option('--no-cache', 'ask anew even when a kept token has most of its life left')
    .addHelpText(
      'after',
      `
The long-lived token is sent to --server only. Tokens are kept in the cache folder (mode 0600) until
two thirds of their life have passed.

Examples:
  export DRAWBRIDGE_TOKEN=...
  drawbridge token-request get --server https://apps.example.com/kubernetes \\
    --service-account bots/deployer --audience https://vault.example.com --duration 10m
  drawbridge token-request get --service-account bots/deployer --exec-credential`,
    )
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GetFlags>();
      const format = readFormat(flags);
      const wish = await readWish(io, flags);
      const credential = await obtain(io, flags, wish);
      if (flags.execCredential) {
        io.stdout.write(
          renderExecCredential(credential, io.env['KUBERNETES_EXEC_INFO'], Date.now()),
        );
      } else if (format === 'table') {
        io.stdout.write(`${credential.token}\n`);
      } else {
        const expirationTimestamp = new Date(credential.expiresAtMs).toISOString();
        const { token } = credential;
        io.stdout.write(renderDocument({ token, expirationTimestamp }, format));
      }
    });
}

async function readWish(io: CliIo, flags: GetFlags): Promise<TokenWish> {
  const problems = new Problems();
  const [namespace = '', account = '', ...more] = flags.serviceAccount.split('/');
  const named = checkLabelName(namespace).length + checkSubdomainName(account).length === 0;
  if (more.length > 0 || !named) {
    problems.add(`--service-account is not valid: "${flags.serviceAccount}" is not namespace/name`);
  }
  const durationMs = problems.take(readDuration('--duration', flags.duration, durationMsMin)) ?? 0;
  if (flags.execCredential && flags.output !== undefined) {
    problems.add('--output has no meaning with --exec-credential');
  }
  if (flags.audience.includes('')) problems.add('--audience is not valid: it is empty');
  if (flags.server !== undefined && !isHttpsUrl(flags.server)) {
    problems.add(`--server is not valid: "${flags.server}" is not an https URL`);
  }
  if (flags.caFile !== undefined && flags.server === undefined) {
    problems.add('--ca-file has a meaning only together with --server');
  }
  problems.throwIfAny("see 'drawbridge token-request get --help'");
  const { server, ca } = await address(io, flags);
  return {
    server,
    ...(ca === undefined ? {} : { ca }),
    namespace,
    account,
    audiences: flags.audience,
    durationMs,
    bearer: await bearer(io, flags),
  };
}

async function address(
  io: CliIo,
  flags: GetFlags,
): Promise<{ readonly server: string; readonly ca?: string }> {
  const { server, caFile } = flags;
  if (server === undefined) return clusterAddress(io, flags);
  return caFile === undefined ? { server } : { server, ca: await text(caFile) };
}

async function bearer(io: CliIo, flags: GetFlags): Promise<string> {
  const { tokenFile, tokenEnv } = flags;
  const given = tokenFile === undefined ? io.env[tokenEnv] : await text(tokenFile);
  const token = (given ?? '').trim();
  if (/^[A-Za-z0-9._~+/=-]+$/.test(token)) return token;
  const from = tokenFile ?? `the variable ${tokenEnv}`;
  throw new CliError('CLI_FILE', `${from} holds no token`, {
    todo: 'put the long-lived token of the account there (kubectl get secret NAME -o jsonpath={.data.token} | base64 -d)',
  });
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CliError('CLI_FILE', `${path} cannot be read`, {
      todo: 'check the path and its permissions',
      cause,
    });
  }
}

function obtain(io: CliIo, flags: GetFlags, wish: TokenWish): Promise<Credential> {
  const nowMs = (): number => Date.now();
  const ask = (): Promise<Credential> => requestToken(wish, nowMs);
  if (!flags.cache) return ask();
  const { server, namespace, account, audiences, durationMs, bearer: from } = wish;
  const key = [server, namespace, account, String(durationMs), from, ...audiences];
  return new CredentialCache(credentialFolder(io), nowMs).get(key, ask);
}

function isHttpsUrl(given: string): boolean {
  return URL.canParse(given) && new URL(given).protocol === 'https:';
}
