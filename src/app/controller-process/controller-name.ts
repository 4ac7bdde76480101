/** The name under which a controller is known in the statuses of Sites. */

const unnamed = 'skupper-controller';
/** A pod of a Deployment: its name, the hash of the ReplicaSet and five random characters. */
const ofDeployment = /^(?<deployment>.+)-[\da-f]{5,10}-[\da-z]{5}$/;

/** What is said, else the Deployment of the pod with that host name, else the host name. */
export function controllerName(said: string | undefined, hostname: string | undefined): string {
  if (said !== undefined && said !== '') return said;
  if (hostname === undefined || hostname === '') return unnamed;
  return ofDeployment.exec(hostname)?.groups?.['deployment'] ?? hostname;
}
