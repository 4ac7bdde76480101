/** Checks the hash chain of an audit log, line by line, whatever its size. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type ChainVerdict, ChainVerifier } from './hash-chain.ts';

/**
 * @param files in the order in which they were written; each goes on with the chain of the one before
 * @throws the fault of the file system when one cannot be read
 */
export async function verifyAuditLog(...files: readonly string[]): Promise<AuditVerdict> {
  const verifier = new ChainVerifier();
  let [file = ''] = files;
  let linesBefore = 0;
  for (file of files) {
    let lineCount = 0;
    let holds = true;
    const lines = createInterface({
      input: createReadStream(file),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    for await (const line of lines) {
      lineCount++;
      holds = verifier.push(line);
      if (!holds) break;
    }
    if (!holds) break;
    if (file !== files.at(-1)) linesBefore += lineCount;
  }
  const verdict = verifier.verdict();
  if (verdict.intact) return { ...verdict, file };
  return { ...verdict, file, line: verdict.line - linesBefore };
}

/** What a check found, in lines of the file that is named: the first faulty one, or the last. */
export type AuditVerdict = ChainVerdict & { readonly file: string };
