// The ClientHello at the start of a TLS connection, read without answering it (RFC 8446, 4.1.2; RFC 5246, 7.4.1.2).
// Pure. Invariants: no bytes make it throw; a longer prefix of the same bytes never takes back an answer
// other than "incomplete"; what is wrong inside one extension only empties what that extension would have told,
// since the TLS stack behind will answer it with the right alert.

import { latin1Decode } from "../bytes/latin1.ts";

/**
 * How many bytes a hello may take on the wire, record headers included. Real ones stay below 4 KiB, with post-quantum
 * key shares and session tickets below 16 KiB; the rest is room for padding, and the bound on what is kept for a peer.
 */
export const MAX_CLIENT_HELLO_SIZE = 64 * 1024;

export interface ClientHello {
  /** RFC 8446, 4.1.2: frozen at 0x0303 by TLS 1.3; the highest version offered by an older client. */
  legacyVersion: number;
  /** What `supported_versions` offers, in the client's order, without GREASE; `legacyVersion` alone where there is no such extension. */
  versions: number[];
  /** As sent (case kept), printable ASCII; an IP literal, which RFC 6066 forbids, is reported too. Null: none, or not ASCII. */
  serverName: string | null;
  /** Protocol names as byte-true strings, in the client's order. */
  alpn: string[];
  /** As sent, GREASE included. */
  cipherSuites: number[];
}

export type ClientHelloReading =
  | { kind: "incomplete" }
  | { kind: "not-tls"; reason: string }
  | { kind: "hello"; hello: ClientHello };

const RECORD_HEADER_LENGTH = 5;
const HANDSHAKE_HEADER_LENGTH = 4;
/** RFC 8446, 5.1: the length of a plaintext record. */
const MAX_RECORD_LENGTH = 1 << 14;

const CONTENT_TYPE_HANDSHAKE = 22;
const MESSAGE_CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
const EXTENSION_SUPPORTED_VERSIONS = 43;
const NAME_TYPE_HOST_NAME = 0;

/**
 * Reads the first bytes of a connection, all that have come so far. What follows the hello is not looked at.
 * The result holds no reference to `bytes`.
 */
export function parseClientHello(bytes: Uint8Array): ClientHelloReading {
  const end = Math.min(bytes.length, MAX_CLIENT_HELLO_SIZE);
  const pieces: Uint8Array[] = [];
  let gathered = 0;
  let messageLength: number | null = null;
  let position = 0;
  while (position < end) {
    const record = readRecordHeader(bytes, position, end);
    if (record.kind !== "record") return record.kind === "partial" ? unfinished(bytes) : record;
    position += RECORD_HEADER_LENGTH;
    const pieceEnd = Math.min(position + record.length, end);
    // RFC 8446, 5.1: a message may be spread over several records.
    pieces.push(bytes.subarray(position, pieceEnd));
    gathered += pieceEnd - position;
    position = pieceEnd;

    if (messageLength === null) {
      const header = gather(pieces, Math.min(gathered, HANDSHAKE_HEADER_LENGTH));
      if (header.length > 0 && header[0] !== MESSAGE_CLIENT_HELLO) {
        return notTls(`the first handshake message is of type ${header[0]}, not a ClientHello`);
      }
      if (header.length === HANDSHAKE_HEADER_LENGTH) {
        messageLength = new Cursor(header, 1).uint(3);
        if (RECORD_HEADER_LENGTH + HANDSHAKE_HEADER_LENGTH + messageLength > MAX_CLIENT_HELLO_SIZE) {
          return tooLarge();
        }
      }
    }
    if (messageLength !== null && gathered >= HANDSHAKE_HEADER_LENGTH + messageLength) {
      const message = gather(pieces, HANDSHAKE_HEADER_LENGTH + messageLength);
      const hello = readBody(message.subarray(HANDSHAKE_HEADER_LENGTH));
      return hello === null ? notTls("the ClientHello is malformed") : { kind: "hello", hello };
    }
  }
  return unfinished(bytes);
}

/** Whether a connection that starts with `bytes` speaks TLS; three bytes are enough to know. */
export function looksLikeTls(bytes: Uint8Array): "yes" | "no" | "unsure" {
  const length = Math.min(bytes.length, 3);
  for (let index = 0; index < length; index++) {
    if (!isRecordStart(index, bytes[index] ?? 0)) return "no";
  }
  return length === 3 ? "yes" : "unsure";
}

/** "TLS 1.3", "SSL 3.0"; an unknown version in hex. */
export function tlsVersionName(version: number): string {
  if (version === 0x0300) return "SSL 3.0";
  if (version >= 0x0301 && version <= 0x0304) return `TLS 1.${version - 0x0301}`;
  // The drafts of RFC 8446 were offered as 0x7f00 plus the draft's number.
  if (version >> 8 === 0x7f) return `TLS 1.3 draft ${version & 0xff}`;
  return `0x${version.toString(16).padStart(4, "0")}`;
}

/** RFC 8701, 2: values that stand for nothing, sent to keep servers tolerant: 0x0A0A, 0x1A1A, … 0xFAFA. */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

/** Whether `byte` may stand at `index` (0-2) of a handshake record. RFC 8446, 5.1: 22, then 0x0300 to 0x0304. */
function isRecordStart(index: number, byte: number): boolean {
  if (index === 0) return byte === CONTENT_TYPE_HANDSHAKE;
  return index === 1 ? byte === 3 : byte <= 4;
}

function readRecordHeader(
  bytes: Uint8Array,
  position: number,
  end: number,
): { kind: "partial" } | { kind: "record"; length: number } | { kind: "not-tls"; reason: string } {
  const known = Math.min(end - position, 3);
  for (let index = 0; index < known; index++) {
    if (!isRecordStart(index, bytes[position + index] ?? 0)) return notTls("no TLS handshake record");
  }
  if (end - position < RECORD_HEADER_LENGTH) return { kind: "partial" };
  const length = new Cursor(bytes, position + 3).uint(2);
  // RFC 8446, 5.1: a handshake record is not empty, and none is longer than 2^14.
  if (length === 0) return notTls("an empty TLS handshake record");
  if (length > MAX_RECORD_LENGTH) return notTls(`a TLS record of ${length} bytes`);
  return { kind: "record", length };
}

function notTls(reason: string): { kind: "not-tls"; reason: string } {
  return { kind: "not-tls", reason };
}

function tooLarge(): ClientHelloReading {
  return notTls(`the ClientHello takes more than ${MAX_CLIENT_HELLO_SIZE} bytes`);
}

function unfinished(bytes: Uint8Array): ClientHelloReading {
  return bytes.length >= MAX_CLIENT_HELLO_SIZE ? tooLarge() : { kind: "incomplete" };
}

/** The first `length` bytes of the pieces together; a view where one piece has them all. */
function gather(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const first = pieces[0];
  if (first !== undefined && first.length >= length) return first.subarray(0, length);
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    const part = piece.subarray(0, length - offset);
    whole.set(part, offset);
    offset += part.length;
    if (offset === length) break;
  }
  return whole;
}

function readBody(body: Uint8Array): ClientHello | null {
  const cursor = new Cursor(body);
  const legacyVersion = cursor.uint(2);
  cursor.skip(32); // random
  cursor.vector(1); // legacy_session_id
  const cipherSuites = readUint16List(cursor.vector(2));
  cursor.vector(1); // legacy_compression_methods
  const hello: ClientHello = {
    legacyVersion,
    versions: [],
    serverName: null,
    alpn: [],
    cipherSuites: cipherSuites ?? [],
  };
  // RFC 5246, 7.4.1.2: whether there are extensions shows in whether bytes are left.
  if (!cursor.failed && cursor.left > 0) {
    const extensions = new Cursor(cursor.vector(2));
    const seen = new Set<number>();
    while (!extensions.failed && extensions.left > 0) {
      const type = extensions.uint(2);
      const data = extensions.vector(2);
      // RFC 8446, 4.2: no extension twice; the first counts here.
      if (extensions.failed || seen.has(type)) continue;
      seen.add(type);
      if (type === EXTENSION_SERVER_NAME) hello.serverName = readServerName(data);
      else if (type === EXTENSION_ALPN) hello.alpn = readProtocolNames(data);
      else if (type === EXTENSION_SUPPORTED_VERSIONS) hello.versions = readVersions(data);
    }
    if (extensions.failed) return null;
  }
  if (cursor.failed || cursor.left > 0 || cipherSuites === null) return null;
  if (hello.versions.length === 0) hello.versions.push(legacyVersion);
  return hello;
}

/** RFC 6066, 3. */
function readServerName(data: Uint8Array): string | null {
  const list = new Cursor(new Cursor(data).vector(2));
  while (!list.failed && list.left > 0) {
    const type = list.uint(1);
    const name = list.vector(2);
    if (list.failed) return null;
    if (type !== NAME_TYPE_HOST_NAME) continue;
    if (name.length === 0 || name.length > 255) return null;
    for (const byte of name) {
      if (byte <= 0x20 || byte >= 0x7f) return null;
    }
    return latin1Decode(name);
  }
  return null;
}

/** RFC 7301, 3.1. */
function readProtocolNames(data: Uint8Array): string[] {
  const list = new Cursor(new Cursor(data).vector(2));
  const names: string[] = [];
  while (!list.failed && list.left > 0) {
    const name = list.vector(1);
    if (list.failed || name.length === 0) return [];
    names.push(latin1Decode(name));
  }
  return names;
}

/** RFC 8446, 4.2.1. */
function readVersions(data: Uint8Array): number[] {
  const versions = readUint16List(new Cursor(data).vector(1)) ?? [];
  return versions.filter((version) => !isGrease(version));
}

function readUint16List(data: Uint8Array): number[] | null {
  if (data.length % 2 !== 0) return null;
  const cursor = new Cursor(data);
  const values: number[] = [];
  while (cursor.left > 0) values.push(cursor.uint(2));
  return values;
}

const nothing = new Uint8Array(0);

/** Reads forward; running out of bytes sets `failed`, gives zeros and empty views, and never throws. */
class Cursor {
  failed = false;
  readonly #bytes: Uint8Array;
  #position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.#position = position;
  }

  get left(): number {
    return this.#bytes.length - this.#position;
  }

  /** A big-endian number of `size` bytes. */
  uint(size: number): number {
    let value = 0;
    for (const byte of this.#take(size)) value = value * 256 + byte;
    return value;
  }

  /** RFC 8446, 3.4: a vector behind a length of `lengthSize` bytes, as a view. */
  vector(lengthSize: number): Uint8Array {
    return this.#take(this.uint(lengthSize));
  }

  skip(count: number): void {
    this.#take(count);
  }

  #take(count: number): Uint8Array {
    if (this.failed || count > this.left) {
      this.failed = true;
      return nothing;
    }
    const start = this.#position;
    this.#position += count;
    return this.#bytes.subarray(start, this.#position);
  }
}
