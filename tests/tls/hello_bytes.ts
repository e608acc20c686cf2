// ClientHellos built by hand, for the parser's tests.

export interface HelloParts {
  legacyVersion?: number;
  sessionId?: number[];
  cipherSuites?: number[];
  compression?: number[];
  /** [type, body]; null: a hello without the extensions block. */
  extensions?: [number, number[]][] | null;
}

export function uint16(value: number): number[] {
  return [value >> 8, value & 0xff];
}

export function vector8(bytes: readonly number[]): number[] {
  return [bytes.length, ...bytes];
}

export function vector16(bytes: readonly number[]): number[] {
  return [...uint16(bytes.length), ...bytes];
}

export function text(value: string): number[] {
  return [...value].map((character) => character.charCodeAt(0));
}

export function serverNameExtension(name: string): [number, number[]] {
  return [0, vector16([0, ...vector16(text(name))])];
}

export function alpnExtension(names: readonly string[]): [number, number[]] {
  return [16, vector16(names.flatMap((name) => vector8(text(name))))];
}

export function versionsExtension(versions: readonly number[]): [number, number[]] {
  return [43, vector8(versions.flatMap(uint16))];
}

/** The handshake message, without a record around it. */
export function helloMessage(parts: HelloParts = {}): Uint8Array {
  const extensions = parts.extensions === undefined ? [] : parts.extensions;
  const body = [
    ...uint16(parts.legacyVersion ?? 0x0303),
    ...new Array<number>(32).fill(0x5a),
    ...vector8(parts.sessionId ?? []),
    ...vector16((parts.cipherSuites ?? [0x1301, 0xc02f]).flatMap(uint16)),
    ...vector8(parts.compression ?? [0]),
    ...(extensions === null
      ? []
      : vector16(extensions.flatMap(([type, data]) => [...uint16(type), ...vector16(data)]))),
  ];
  return message(1, body);
}

export function message(type: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([type, body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff, ...body]);
}

/** The message in handshake records of the given sizes, the last size repeated. */
export function records(
  content: Uint8Array,
  sizes: readonly number[] = [1 << 14],
  version = 0x0301,
): Uint8Array {
  const bytes: number[] = [];
  for (let offset = 0, index = 0; offset < content.length; index++) {
    const size = sizes[Math.min(index, sizes.length - 1)] ?? 1;
    const piece = content.subarray(offset, offset + size);
    bytes.push(22, ...uint16(version), ...uint16(piece.length), ...piece);
    offset += piece.length;
  }
  return Uint8Array.from(bytes);
}
