/** The `format` of texts: which texts fit. Formats that are not known fit always, as in Kubernetes. */
import { parseDuration, parseTime } from '../time.ts';
import { DurationError } from '../errors.ts';

const patterns: Readonly<Record<string, RegExp>> = {
  uuid: /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/iu,
  byte: /^(?!$)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u,
  date: /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/u,
  ipv4: /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/u,
};

const looseDuration =
  /\d+\s*(?:ns|nano\w*|us|µs|micro\w*|ms|milli\w*|s|sec\w*|m|min\w*|h|hr|hour\w*|d|day\w*|w|wk|week\w*)(?![A-Za-zµ])/iu;

function isDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    return looseDuration.test(text);
  }
}

/** True when `text` is of the format, or the format is not one that is checked. */
export function fitsFormat(format: string, text: string): boolean {
  if (format === 'date-time' || format === 'micro-time') return parseTime(text) !== undefined;
  if (format === 'duration') return isDuration(text);
  const pattern = Object.hasOwn(patterns, format) ? patterns[format] : undefined;
  return pattern === undefined || pattern.test(text);
}
