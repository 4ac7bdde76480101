/** Ports as text from the command line. */

/** What is wrong with a port, empty when it is a whole number from `min` to 65535. */
export function portProblems(thing: string, text: string, min = 1): string[] {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port >= min && port <= 65_535) return [];
  return [`${thing} is not valid: "${text}" is not a whole number from ${min} to 65535`];
}
