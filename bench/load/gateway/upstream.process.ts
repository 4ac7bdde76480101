/** An API server that does nothing but answer: small objects, and a watch with an event each 10 ms. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [certFile = '', keyFile = ''] = process.argv.slice(2);
const body = JSON.stringify({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name: 'a', namespace: 'default', uid: '9c6de2ac-29d8-4c41-b3b5-4ab0a9f1a4a1' },
  data: { filler: 'x'.repeat(300) },
});
const server = createServer(
  { cert: readFileSync(certFile), key: readFileSync(keyFile) },
  (request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url?.includes('watch=') !== true) {
      response.end(body);
      return;
    }
    const timer = setInterval(() => {
      response.write(`{"type":"BOOKMARK","at":${performance.timeOrigin + performance.now()}}\n`);
    }, 10);
    response.on('close', () => clearInterval(timer));
  },
);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 }));
});
process.stdin.resume().on('end', () => process.exit(0));
