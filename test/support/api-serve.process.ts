/** Runs an API server until stdin ends or a signal comes; prints its kubeconfig's path. For trials. */
import { startTestApiServer } from './api-server.ts';

const [directory] = process.argv.slice(2);
const started = await startTestApiServer(directory === undefined ? {} : { directory });
process.stdout.write(
  `${JSON.stringify({ origin: started.server.origin, kubeconfig: started.kubeconfig })}\n`,
);
const stop = (): void => {
  void started.stop().then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.stdin.once('end', stop).resume();
