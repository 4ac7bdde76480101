/** Checks the hash chain of an audit log, line by line, whatever its size. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type ChainVerdict, ChainVerifier } from './hash-chain.ts';

/** @throws the fault of the file system when it cannot be read */
export async function verifyAuditLog(file: string): Promise<ChainVerdict> {
  const verifier = new ChainVerifier();
  const lines = createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  for await (const line of lines) {
    if (!verifier.push(line)) break;
  }
  return verifier.verdict();
}
