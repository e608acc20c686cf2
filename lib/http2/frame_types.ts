// RFC 9113, 6 and 11: frame types, flags and settings by name; RFC 8441 and RFC 9218 add theirs.

/** RFC 9113, 4.1. */
export const FRAME_HEAD_SIZE = 9;

export const FRAME = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
  /** RFC 9218, 7.1. */
  PRIORITY_UPDATE: 0x10,
} as const;

export const FLAG = {
  END_STREAM: 0x1,
  /** Of SETTINGS and PING. */
  ACK: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

export const SETTING = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  /** RFC 8441, 3. */
  ENABLE_CONNECT_PROTOCOL: 0x8,
  /** RFC 9218, 2.1. */
  NO_RFC7540_PRIORITIES: 0x9,
} as const;

/** RFC 9113, 3.4. */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** RFC 9113, 6.9.2: of the connection, and of streams until SETTINGS say otherwise. Bytes. */
export const DEFAULT_WINDOW_SIZE = 65_535;
/** RFC 9113, 6.9.1: the largest window. Bytes. */
export const MAX_WINDOW_SIZE = 0x7fff_ffff;
/** RFC 9113, 6.5.2: the smallest, and first, SETTINGS_MAX_FRAME_SIZE. Bytes. */
export const MIN_FRAME_SIZE = 16_384;
/** RFC 9113, 6.5.2: the largest SETTINGS_MAX_FRAME_SIZE. Bytes. */
export const MAX_FRAME_SIZE = 0xff_ffff;
/** RFC 9113, 5.1.1. */
export const MAX_STREAM_ID = 0x7fff_ffff;

/** An unsigned number of four bytes, most significant first. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)) >>> 0;
}
