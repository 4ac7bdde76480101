/** Writes docs/reference/cli.md: the help of every verb, as the program prints it. */
import { runCli } from '../../src/cli/index.ts';
import { groups } from '../../src/cli/program.ts';

const path = 'docs/reference/cli.md';
const columns = 100;

const intro = `# Command line

Generated from the program by \`npm run gen\`; do not edit.

Exit codes: 0 done, 1 failed at run time, 2 wrong usage. Errors go to standard error: what is wrong,
then what to do about it. Standard output has only the document that was asked for: a table or a
sentence for people, or with \`-o json\` and \`-o yaml\` an object (verbs about one object) or a List.

The API is found in this order: \`--kubeconfig\`, the variable \`KUBECONFIG\`, a running
\`drawbridge up\` of the same user, \`~/.kube/config\`, the service account of a pod. The namespace is
that of \`-n\`, else of the context, else \`default\`.
`;

/** The file by its path. */
export async function generateCliDoc(): Promise<ReadonlyMap<string, string>> {
  const sections = [intro, section('drawbridge', await help([]))];
  for (const verb of ['up', 'router', 'version']) sections.push(await sectionOf([verb]));
  for (const { name } of groups) sections.push(...(await sectionsOf([name])));
  return new Map([[path, sections.join('\n')]]);
}

/** A verb, or the verbs of a group, however deep. */
async function sectionsOf(words: readonly string[]): Promise<string[]> {
  const verbs = await verbsOf(words);
  if (verbs.length === 0) return [await sectionOf(words)];
  const sections: string[] = [];
  for (const verb of verbs) sections.push(...(await sectionsOf([...words, verb])));
  return sections;
}

async function sectionOf(words: readonly string[]): Promise<string> {
  return section(words.join(' '), withoutGlobals(await help(words)));
}

function section(title: string, text: string): string {
  return `## ${title}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
}

/** The global flags are shown once, at the top. */
function withoutGlobals(text: string): string {
  return text.replace(/\nGlobal Options:\n(?: .*\n)+/, '');
}

/** Names of the verbs of a group, from its help. */
async function verbsOf(group: readonly string[]): Promise<string[]> {
  const [, commands = ''] = (await help(group)).split('\nCommands:\n');
  const [list = ''] = commands.split('\nExamples:\n');
  return [...list.matchAll(/^ {2}([a-z-]+)/gm)]
    .map(([, verb = '']) => verb)
    .filter((verb) => verb !== 'help');
}

async function help(words: readonly string[]): Promise<string> {
  let text = '';
  const sink = {
    write: (part: string) => {
      text += part;
    },
  };
  await runCli([...words, '--help'], {
    stdout: sink,
    stderr: sink,
    readStdin: async () => '',
    env: {},
    homeDir: '/nonexistent',
    columns,
    version: '',
  });
  return text;
}
