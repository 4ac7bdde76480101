/** `gateway approve` and `gateway deny`: the say of others about a grant that waits for it. */
import type { Command } from 'commander';
import { type GatewayToken, gatewayTextMax } from '#apis/index.ts';
import {
  type AddressFlags,
  gatewayAddress,
  gatewayNamespaceDefault,
} from '../../api/gateway-address.ts';
import { type Session, withSession } from '../../api/session.ts';
import {
  bearerOf,
  type Decided,
  grantToDecide,
  readTokenFile,
  showVerdict,
  type Verdict,
} from '../../deeds/gateway/approve.ts';
import { sayVerdict } from '../../deeds/gateway/verdict.ts';
import { usageError } from '../../errors.ts';
import { requiredName } from '../../input/arguments.ts';
import { type GlobalFlags, readFormat } from '../../input/format.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo } from '../../io.ts';
import { renderDocument } from '../../output/document.ts';
import { grantPhrases, grantSentence } from '../../output/gateway-grant.ts';

type ApproveFlags = GlobalFlags &
  AddressFlags & {
    readonly reason?: string;
    readonly tokenFile?: string;
  };

const words = {
  approve: {
    decision: 'approved',
    description: 'agree to a grant that waits for approval',
    help: `
Who you are is what the API server says of your kubeconfig or --token-file. It takes the verb approve
on gatewaytokens, being among those the grant names, and not being who made it. Without a token, such
as with a client certificate, the verdict goes through the API server as a GatewayVerdict, which takes
create and get on gatewayverdicts. Each person counts once; an approval ends with the grant.

Examples:
  drawbridge gateway approve link-6d1f0a2b -n west --reason 'incident 4711'
  drawbridge gateway approve link-6d1f0a2b -n west --token-file alice.token`,
  },
  deny: {
    decision: 'denied',
    description: 'end a grant that others asked for, with a reason',
    help: `
Who may approve a grant may also deny it, before and after it was approved. That ends it for good.

Examples:
  drawbridge gateway deny link-6d1f0a2b -n west --reason 'not during the freeze'`,
  },
} as const;

/** Adds `approve` and `deny`. */
export function addGatewayApproval(group: Command, io: CliIo): void {
  for (const verb of ['approve', 'deny'] as const) {
    const { decision, description, help } = words[verb];
    group
      .command(`${verb} <name>`)
      .description(description)
      .option('--reason <text>', 'why; kept with the grant and in the audit log')
      .option('--token-file <file>', 'token of the API server instead of that of the kubeconfig')
      .option('--gateway <url>', 'address of the gateway (default: as it says in the API)')
      .option('--gateway-ca-file <file>', 'PEM bundle that its certificate is checked with')
      .option('--gateway-namespace <name>', 'where the gateway tells it', gatewayNamespaceDefault)
      .allowExcessArguments(true)
      .addHelpText('after', help)
      .action(async (_name: unknown, _flags: unknown, command: Command) => {
        const flags = command.optsWithGlobals<ApproveFlags>();
        const problems = new Problems();
        const name = requiredName(problems, 'grant', command.args);
        const verdict = verdictOf(problems, decision, flags.reason);
        problems.throwIfAny(`see 'drawbridge gateway ${verb} --help'`);
        await run(io, flags, name, verdict);
      });
  }
}

async function run(io: CliIo, flags: ApproveFlags, name: string, verdict: Verdict): Promise<void> {
  const format = readFormat(flags);
  const { tokenFile } = flags;
  const token = tokenFile === undefined ? undefined : await readTokenFile(tokenFile);
  await withSession(io, flags, async (session) => {
    const grant = await grantToDecide(session, name);
    const { approver, missing } = await say(session, flags, { grant, verdict, token });
    const { decision } = verdict;
    if (format !== 'table') {
      const { namespace } = session;
      io.stdout.write(renderDocument({ namespace, name, decision, approver, missing }, format));
      return;
    }
    const still = missing === 0 ? 'it can be used now' : `it waits for ${missing} more`;
    const end = decision === 'denied' ? 'it has ended' : still;
    io.stdout.write(`Grant "${name}" is ${decision} by ${approver}: ${end}\n`);
    if (decision === 'denied') return;
    const phrases = grantPhrases(grant).map((phrase) => `  ${phrase}\n`);
    io.stdout.write(`${grantSentence(grant, Date.now())}:\n${phrases.join('')}`);
  });
}

interface Said {
  readonly grant: GatewayToken;
  readonly verdict: Verdict;
  /** Of --token-file. */
  readonly token: string | undefined;
}

async function say(
  session: Session,
  flags: ApproveFlags,
  { grant, verdict, token }: Said,
): Promise<Decided> {
  const { gateway, gatewayCaFile } = flags;
  const bearer = token === undefined ? await bearerOf(session.connection) : `Bearer ${token}`;
  if (bearer !== undefined) {
    return showVerdict(await gatewayAddress(session, flags), grant, verdict, bearer);
  }
  if (gateway === undefined && gatewayCaFile === undefined) {
    return sayVerdict(session, grant, verdict);
  }
  throw usageError(
    [
      '--gateway and --gateway-ca-file are for tokens, and the kubeconfig shows who you are otherwise',
    ],
    'leave them out: the verdict goes through the API server; or give a token with --token-file',
  );
}

function verdictOf(
  problems: Problems,
  decision: Verdict['decision'],
  reason: string | undefined,
): Verdict {
  if (reason === undefined) return { decision };
  if (reason.trim() === '' || reason.length > gatewayTextMax || /\p{Cc}/u.test(reason)) {
    problems.add(`--reason is not valid: give one line of at most ${gatewayTextMax} characters`);
  }
  return { decision, reason };
}
