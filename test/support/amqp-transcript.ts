/** Recorded connections as lists of frames. See test/fixtures/router/README.md. */
import { readFileSync } from 'node:fs';

export interface RecordedFrame {
  readonly conn: number;
  /** out: written by the connecting side. */
  readonly dir: 'in' | 'out';
  readonly bytes: Buffer;
  readonly note: string;
}

interface Entry {
  readonly conn: number;
  readonly dir: 'in' | 'out';
  readonly hex: string;
  readonly note: string;
  readonly hex_truncated_from?: number;
}

export const transcriptNames = [
  '01-interior-link-setup',
  '02-tcp-half-close-both-directions',
  '03-mobile-address-update-and-connect-failure',
  '04-management-client',
  '05-node-prototype-as-peer-with-vanflow',
  '06-edge-uplink',
  '07-tcp-resets',
  '08-flow-window-1.7MB-upload-truncated',
] as const;

export type TranscriptName = (typeof transcriptNames)[number];

/** The frames of one file; what was cut from the payload of long ones is filled with zeros. */
export function readTranscript(name: TranscriptName): RecordedFrame[] {
  const file = new URL(`../fixtures/router/${name}.json`, import.meta.url);
  const entries = JSON.parse(readFileSync(file, 'utf8')) as Entry[];
  return entries.map((entry) => {
    const { conn, dir, note } = entry;
    const head = Buffer.from(entry.hex, 'hex');
    const missing = head.length < 4 ? 0 : head.readUInt32BE(0) - head.length;
    const isCut = entry.hex_truncated_from !== undefined && missing > 0;
    const bytes = isCut ? Buffer.concat([head, Buffer.alloc(missing)]) : head;
    return { conn, dir, bytes, note };
  });
}

/** Whole connections: files that continue each other are joined. */
export const connections: readonly { files: readonly TranscriptName[]; conn: number }[] = [
  ...[1, 2].map((conn) => ({
    files: [
      '01-interior-link-setup',
      '02-tcp-half-close-both-directions',
      '03-mobile-address-update-and-connect-failure',
      '07-tcp-resets',
      '08-flow-window-1.7MB-upload-truncated',
    ] as const,
    conn,
  })),
  { files: ['04-management-client'], conn: 1 },
  { files: ['05-node-prototype-as-peer-with-vanflow'], conn: 1 },
  { files: ['06-edge-uplink'], conn: 1 },
];
