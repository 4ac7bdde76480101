/**
 * Addresses and ports of this machine that nobody uses: a loopback address of its own for a
 * Service, a port on the listen address for what other sites reach. What is handed out but not yet
 * bound is remembered, so that it is not handed out twice.
 */
import { createServer } from 'node:net';
import { type Random, randomFraction } from '#base/random.ts';
import { ControllerError } from '../errors.ts';

/** Ports below the ranges from which systems take source ports. */
const portMin = 20_000;
const portMax = 32_767;
const triesMax = 200;

export class AddressPool {
  readonly #random: Random;
  readonly #handedOut = new Set<string>();
  #manyLoopbacks: boolean | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** True when the system lets us bind any address of 127.0.0.0/8 (Linux does, macOS does not). */
  async hasManyLoopbacks(): Promise<boolean> {
    this.#manyLoopbacks ??= await isFree(this.#randomLoopback(), 0);
    return this.#manyLoopbacks;
  }

  /**
   * A loopback address on which all `ports` are free.
   * @param taken addresses that Services have already
   * @throws ControllerError CONTROLLER_NO_FREE_PORT
   */
  async freeLoopback(taken: ReadonlySet<string>, ports: readonly number[]): Promise<string> {
    for (let tries = 0; tries < triesMax; tries++) {
      const host = this.#randomLoopback();
      if (taken.has(host) || this.#handedOut.has(host)) continue;
      this.#handedOut.add(host);
      const free = await Promise.all(ports.map((port) => isFree(host, port)));
      if (free.every(Boolean)) return host;
    }
    throw noFreePort('127.0.0.0/8');
  }

  /** @throws ControllerError CONTROLLER_NO_FREE_PORT */
  async freePort(host: string): Promise<number> {
    for (let tries = 0; tries < triesMax; tries++) {
      const range = portMax - portMin + 1;
      const port = portMin + Math.floor(randomFraction(this.#random) * range);
      const id = `${host} ${port}`;
      if (this.#handedOut.has(id)) continue;
      this.#handedOut.add(id);
      if (await isFree(host, port)) return port;
    }
    throw noFreePort(host);
  }

  /** 127.64.0.1 to 127.127.255.254: away from 127.0.0.x, which other programs use. */
  #randomLoopback(): string {
    const [a = 0, b = 0, c = 0] = this.#random.bytes(3);
    return `127.${64 + (a % 64)}.${b}.${1 + (c % 254)}`;
  }
}

/** True when `host:port` can be bound now. Port 0: when the address can be. */
export async function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Waits until `host:port` can be bound: a router whose parent was killed needs a moment to end.
 * @returns false when it is still taken after `limitMs`
 */
export async function becomesFree(host: string, port: number, limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (!(await isFree(host, port))) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  return true;
}

function noFreePort(where: string): ControllerError {
  return new ControllerError('CONTROLLER_NO_FREE_PORT', `no free port on ${where}`, {
    retry: 'backoff',
  });
}
