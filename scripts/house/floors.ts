/**
 * The floor plan of src/, as data. A file imports its own folder, base/, and the doors (index.ts)
 * of folders on lower floors; `meets` lists the only siblings that may meet. test/house reads this.
 */
export interface Room {
  readonly floor: number;
  /** Rooms of the same floor whose door this one may use. */
  readonly meets?: readonly string[];
}

export const rooms: Readonly<Record<string, Room>> = {
  base: { floor: 0 },
  amqp: { floor: 1 },
  routing: { floor: 1 },
  pki: { floor: 1 },
  kube: { floor: 1 },
  apis: { floor: 1, meets: ['kube'] },
  rbac: { floor: 1, meets: ['kube'] },
  token: { floor: 1, meets: ['kube', 'pki'] },
  net: { floor: 2 },
  http: { floor: 2 },
  store: { floor: 2 },
  reconcile: { floor: 2 },
  kubeclient: { floor: 2, meets: ['http'] },
  supervisor: { floor: 2 },
  telemetry: { floor: 2 },
  management: { floor: 2, meets: ['net', 'telemetry'] },
  router: { floor: 3 },
  bridge: { floor: 3, meets: ['router'] },
  apiserver: { floor: 3 },
  controllers: { floor: 3 },
  certs: { floor: 3 },
  grants: { floor: 3 },
  'token-request': { floor: 3 },
  gateway: { floor: 3 },
  app: { floor: 4 },
  cli: { floor: 4, meets: ['app'] },
};

/** Rooms without side effects: no sockets, files, timers, process, wall clock or randomness. */
export const pureFloorMax = 1;
