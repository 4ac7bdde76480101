/** What a terminal consists of, whichever protocol carries it. */
import { GatewayError } from '../errors.ts';

/** Channels by what they carry. */
export const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

export interface ChannelSink {
  /** Bytes of a message of this channel, borrowed; `last` with the end of the message. */
  onBytes(channel: number, bytes: Buffer, last: boolean): void;
}

/** Follows what goes by in one direction without changing it. */
export interface ChannelFollower {
  /** @throws GatewayError GATEWAY_RECORDING when the bytes cannot be followed */
  push(chunk: Buffer): void;
}

/** The fault of bytes that cannot be followed. */
export function unfollowable(why: string): GatewayError {
  return new GatewayError('GATEWAY_RECORDING', `the terminal cannot be recorded: ${why}`);
}
