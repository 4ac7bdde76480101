/** A process of its own that answers every HTTP request with its first argument. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const [, , text = ''] = process.argv;
const server = createServer((_request, response) => {
  response.end(text);
});
server.listen(0, '127.0.0.1', () => {
  console.log(`listening ${(server.address() as AddressInfo).port}`);
});
// The test holds standard input open; when the test is gone, so is this.
process.stdin.resume().on('end', () => process.exit(0));
