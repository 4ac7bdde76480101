/** The screen of a virtual machine, as far as a VNC client looks at it. @spec RFC6143 7 */
import type { WebSocket } from 'ws';

/** The colour of the screen: red, green, blue. */
export const screenColour = [31, 106, 168] as const;

const [width, height] = [64, 48];

/**
 * A VNC server without security whose screen is one colour.
 * @param events gets the types of the key and pointer events that come
 */
export function playScreen(session: WebSocket, events: number[]): void {
  let phase: 'version' | 'security' | 'init' | 'open' = 'version';
  let pending = Buffer.alloc(0);
  session.send(Buffer.from('RFB 003.008\n'));
  const take = (size: number): Buffer | undefined => {
    if (pending.length < size) return undefined;
    const taken = pending.subarray(0, size);
    pending = pending.subarray(size);
    return taken;
  };
  const step = (): boolean => {
    switch (phase) {
      case 'version':
        if (!take(12)) return false;
        session.send(Buffer.from([1, 1]));
        phase = 'security';
        return true;
      case 'security':
        if (!take(1)) return false;
        session.send(Buffer.alloc(4));
        phase = 'init';
        return true;
      case 'init':
        if (!take(1)) return false;
        session.send(serverInit());
        phase = 'open';
        return true;
      case 'open':
        return clientMessage();
      default:
        return phase satisfies never;
    }
  };
  const clientMessage = (): boolean => {
    const [type] = pending;
    if (type === undefined) return false;
    const sizes: Record<number, number> = { 0: 20, 3: 10, 4: 8, 5: 6 };
    const size = type === 2 && pending.length >= 4 ? 4 + pending.readUInt16BE(2) * 4 : sizes[type];
    if (size === undefined || !take(size)) return false;
    if (type === 3) session.send(frame());
    if (type === 4 || type === 5) events.push(type);
    return true;
  };
  session.on('message', (data: Buffer) => {
    pending = Buffer.concat([pending, data]);
    while (step());
  });
}

function serverInit(): Buffer {
  const name = Buffer.from('vm');
  const head = Buffer.alloc(24);
  head.writeUInt16BE(width, 0);
  head.writeUInt16BE(height, 2);
  head.set([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16], 4);
  head.writeUInt32BE(name.length, 20);
  return Buffer.concat([head, name]);
}

function frame(): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt16BE(1, 2);
  head.writeUInt16BE(width, 8);
  head.writeUInt16BE(height, 10);
  const pixels = Buffer.alloc(width * height * 4);
  for (let at = 0; at < pixels.length; at += 4) pixels.set([...screenColour, 255], at);
  return Buffer.concat([head, pixels]);
}
