/** Writing YAML that every reader takes as it was meant. */
import { Document, parse, visit } from 'yaml';

/** Longest text that could be taken for something else than a text, such as a date with a zone. */
const ambiguousCharactersMax = 64;

const mergeTag = 'tag:yaml.org,2002:merge';

/**
 * One document with a final newline; field order is kept. Texts that YAML 1.1 (kubectl, Helm,
 * PyYAML) or YAML 1.2 would read as a boolean, a number, a time or nothing are quoted: `on`, `0o7`,
 * `12:30:00`, `2030-01-01T00:00:00Z`.
 * @spec YAML 1.1 https://yaml.org/type/ and YAML 1.2.2 10.3
 */
export function yamlText(value: unknown): string {
  const document = new Document(value, {
    version: '1.1',
    // The writer of merge keys would leave a text `<<` plain.
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || tag.tag !== mergeTag),
    aliasDuplicateObjects: false,
  });
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && isAmbiguous(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 });
}

/**
 * True for a merge key and for what YAML 1.2 would not read as a text; the rest of YAML 1.1 is looked
 * after by the writer.
 */
function isAmbiguous(text: string): boolean {
  if (text === '<<') return true;
  if (text.length > ambiguousCharactersMax || !/^[\w.+~-]+$/.test(text)) return false;
  return typeof parse(text) !== 'string';
}
