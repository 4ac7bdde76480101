/** Writes docs/reference/gateway-acceptance.md: the lines, their tests, and before which API servers. */
import { gatewayAcceptanceLines } from './gateway-acceptance-lines.ts';
import { type Mention, mentionsOf, shownAs } from './mentions.ts';

const path = 'docs/reference/gateway-acceptance.md';
/** `gateway acceptance 7:` in the title of a test; several with commas or `and`. */
const mention = /gateway acceptance (\d+(?:(?:, | and )\d+)*):/g;

/** The file by its path. @throws when a title names a line that does not exist */
export function generateGatewayAcceptance(): ReadonlyMap<string, string> {
  const known = gatewayAcceptanceLines.reduce((sum, [, lines]) => sum + lines.length, 0);
  const shownBy = mentionsOf(mention, known);
  const parts: string[] = [];
  let number = 0;
  let missing = 0;
  let both = 0;
  for (const [heading, lines] of gatewayAcceptanceLines) {
    parts.push(`\n## ${heading}\n`, '| | what | shown by | API server |', '|---|---|---|---|');
    for (const line of lines) {
      number++;
      const found = shownBy.get(number) ?? [];
      const servers = serversOf(found);
      if (found.length === 0) missing++;
      if (servers === inBoth) both++;
      parts.push(`| ${number} | ${line} | ${shownAs(found) || 'not shown'} | ${servers} |`);
    }
  }
  const intro = [
    '# Acceptance of the gateway',
    '',
    'Generated from the titles of the tests by `npm run gen`; do not edit. A test that shows a line has',
    '`gateway acceptance N:` in its title.',
    '',
    'Tests that take `test` from `test/support/gateway-target.ts` run against the embedded API server and,',
    'with `TARGET=real` as in `.ci/run`, against a real kube-apiserver, which keeps the grants and, where',
    'no recording upstream is needed, is what the gateway stands before; there the gateway has the rights',
    'of its installation alone. `test/system/cluster-*` are whole processes before a real kube-apiserver;',
    'behind it stand a played kubelet and a played KubeVirt, which its aggregation layer leads to.',
    '',
    `${known - missing} of ${known} lines are shown, ${both} of them against both; ${missing} are not.`,
  ];
  return new Map([[path, `${[...intro, ...parts].join('\n')}\n`]]);
}

const inBoth = 'embedded and real';

function serversOf(found: readonly Mention[]): string {
  const real = found.some(({ file, text }) => isOfTarget(text) || isOfCluster(file));
  const embedded = found.some(({ file, text }) => isOfTarget(text) || isOfEmbedded(file));
  if (real && embedded) return inBoth;
  if (real) return 'real';
  return embedded ? 'embedded' : 'none, or a recording one';
}

function isOfTarget(text: string): boolean {
  return /import \{ [^}]*\btest\b[^}]*\} from '\.\.\/support\/gateway-target\.ts'/.test(text);
}

function isOfCluster(file: string): boolean {
  return file.startsWith('test/system/cluster-');
}

/** Whole processes of `drawbridge up`, unless they are of the cluster. */
function isOfEmbedded(file: string): boolean {
  return /^test\/(?:system|heavy)\//.test(file) && !isOfCluster(file);
}
