/** `token-request`: exposing the TokenRequest API, and asking it for short-lived tokens. */
import type { Command } from 'commander';
import type { CliIo, Outcome } from '../io.ts';
import { addTokenRequestGet } from './token-request-get.ts';
import { addTokenRequestServe } from './token-request-serve.ts';

/** Adds the verbs to their group. */
export function addTokenRequest(group: Command, io: CliIo, outcome: Outcome): void {
  addTokenRequestServe(group, io, outcome);
  addTokenRequestGet(group, io);
}
