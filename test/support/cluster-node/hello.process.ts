/** The server in a pod of a workload: answers every HTTP request with its first argument and name. */
import { createServer } from 'node:http';

const [, , text = ''] = process.argv;
createServer((_request, response) => {
  response.setHeader('connection', 'close');
  response.end(`${text} ${process.env['HOSTNAME'] ?? ''}\n`);
}).listen(8080, '0.0.0.0');
// The test holds standard input open; when the test is gone, so is this.
process.stdin.resume().on('end', () => process.exit(0));
