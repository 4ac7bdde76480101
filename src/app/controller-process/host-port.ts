/** `host:port` as people give it. */
import { AppError } from '../errors.ts';

/** The host of it. @throws AppError APP_SETTINGS */
export function splitHost(text: string): string {
  const found = /^(?<host>\[[\da-fA-F:.]+\]|[^\s:/[\]]+):(?<port>\d{1,5})$/.exec(text);
  const { host = '', port = '' } = found?.groups ?? {};
  if (host === '' || Number(port) < 1 || Number(port) > 65_535) {
    throw new AppError(
      'APP_SETTINGS',
      `the address of the grant server is not HOST:PORT: ${text}`,
      'give --grant-server-base-url as in grants.example.com:9090, without a scheme',
    );
  }
  return host.replace(/^\[|\]$/g, '');
}
