/**
 * What JSON.parse does not tell: keys that occur twice, and depth. Runs over text that parsed
 * already, so that it need not check the syntax again.
 */
export interface JsonScan {
  /** Dotted paths of keys that occur again: `spec.port`, `spec.ports[0].name`. */
  readonly duplicates: readonly string[];
  /** Deepest nesting of objects and arrays. */
  readonly depth: number;
}

interface Level {
  /** Keys seen; undefined in an array. */
  readonly keys: Set<string> | undefined;
  readonly path: string;
  /** The key, or index, whose value is being read. */
  key: string;
  index: number;
}

const quote = 0x22;
const backslash = 0x5c;

/** Duplicates reported at most; the rest adds nothing. */
const duplicatesMax = 100;

/** @param text valid JSON */
export function scanJson(text: string): JsonScan {
  const duplicates: string[] = [];
  const levels: Level[] = [];
  let depth = 0;
  let expectKey = false;
  for (let at = 0; at < text.length; at++) {
    const top = levels.at(-1);
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: {
        const keys = text.charCodeAt(at) === 0x7b ? new Set<string>() : undefined;
        levels.push({ keys, path: pathOf(top), key: '', index: 0 });
        depth = Math.max(depth, levels.length);
        expectKey = keys !== undefined;
        break;
      }
      case 0x7d: // }
      case 0x5d:
        levels.pop();
        expectKey = false;
        break;
      case 0x2c: // ,
        if (top?.keys) expectKey = true;
        else if (top) top.index++;
        break;
      case quote: {
        const end = endOfString(text, at);
        if (expectKey && top?.keys) {
          top.key = JSON.parse(text.slice(at, end + 1)) as string;
          if (top.keys.has(top.key) && duplicates.length < duplicatesMax)
            duplicates.push(pathOf(top));
          top.keys.add(top.key);
          expectKey = false;
        }
        at = end;
        break;
      }
      default:
    }
  }
  return { duplicates, depth };
}

function pathOf(level: Level | undefined): string {
  if (!level) return '';
  if (!level.keys) return `${level.path}[${level.index}]`;
  return level.path === '' ? level.key : `${level.path}.${level.key}`;
}

/** The index of the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== quote) {
    at += text.charCodeAt(at) === backslash ? 2 : 1;
  }
  return at;
}
