/** Faults of sockets and TLS, as their owners meet them. */
import { CodedError, type ErrorDocs } from '#base/errors.ts';

export type NetErrorCode =
  | 'NET_LISTEN'
  | 'NET_CONNECT'
  | 'NET_CONNECT_TIMEOUT'
  | 'NET_PROXY'
  | 'NET_TLS'
  | 'NET_MATERIAL'
  | 'NET_STOPPED';

export class NetError extends CodedError<NetErrorCode> {}

export const errorDocs: ErrorDocs<NetErrorCode> = {
  NET_LISTEN: {
    meaning: 'The address could not be listened on.',
    action: 'Choose a free port, or an address of this machine; ports below 1024 need rights.',
  },
  NET_CONNECT: {
    meaning: 'A connection could not be made; the cause names the system error.',
    action: 'Check that the other side runs and that the network lets the connection pass.',
  },
  NET_CONNECT_TIMEOUT: {
    meaning: 'The other side did not answer in time.',
    action: 'Check address, firewall and load of the other side.',
  },
  NET_PROXY: {
    meaning: 'The HTTP proxy in between did not open the way; the message has its answer.',
    action:
      'Check host, port, username and password of the proxy, and that it lets CONNECT through to this host and port.',
  },
  NET_TLS: {
    meaning: 'The TLS handshake failed: a certificate was missing, unknown, expired or misnamed.',
    action: 'Check the certificates of both sides and their clocks.',
  },
  NET_MATERIAL: {
    meaning: 'Certificate, key or CA could not be used: malformed, or not belonging together.',
    action: 'Replace the Secret or files named in the message.',
  },
  NET_STOPPED: {
    meaning: 'The operation was given up because its owner stopped.',
    action: 'Nothing; start it again if it is still wanted.',
  },
};
