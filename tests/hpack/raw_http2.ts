// Just enough of HTTP/2 (RFC 9113) to exchange header blocks with real peers over a plain socket: frames by hand, one
// encoder and one decoder, whose tables change when both sides know it.

import assert from "node:assert/strict";
import { latin1Encode } from "../../lib/bytes/latin1.ts";
import { HpackDecoder } from "../../lib/hpack/decoder.ts";
import { HpackEncoder } from "../../lib/hpack/encoder.ts";
import type { HeaderBlock } from "../../lib/hpack/header_block.ts";
import { blockOf } from "./blocks.ts";
import type { FieldLine } from "./rfc_examples.ts";

const PREFACE = latin1Encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const DATA = 0x0;
const HEADERS = 0x1;
const RST_STREAM = 0x3;
const SETTINGS = 0x4;
const PING = 0x6;
const GOAWAY = 0x7;
const WINDOW_UPDATE = 0x8;
const CONTINUATION = 0x9;
const ACK = 0x1;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const PADDED = 0x8;
const PRIORITY = 0x20;
const HEADER_TABLE_SIZE = 0x1;

/** What `RawHttp2.next` tells of; everything else it deals with. */
export type RawEvent =
  | { kind: "headers"; stream: number; block: HeaderBlock; end: boolean }
  | { kind: "data"; stream: number; data: Uint8Array; end: boolean };

export class RawHttp2 {
  readonly encoder: HpackEncoder;
  readonly decoder = new HpackDecoder({ maxTableSize: 4096, maxListSize: 1e6, maxFields: 1000 });
  /** SETTINGS_HEADER_TABLE_SIZE as the peer sent them, in order. */
  readonly peerTableSizes: number[] = [];
  readonly #connection: Deno.TcpConn | Deno.TlsConn;
  /** What we said, one list for each SETTINGS frame, and the peer has not acknowledged. */
  readonly #unacknowledged: number[][] = [];
  /** Streams we have ended. */
  readonly #ended = new Set<number>();
  #input = new Uint8Array(0);

  /** `maxTableSize`: the most our encoder uses. The connection stays the caller's to close. */
  constructor(connection: Deno.TcpConn | Deno.TlsConn, maxTableSize: number) {
    if ("setNoDelay" in connection) connection.setNoDelay();
    this.#connection = connection;
    this.encoder = new HpackEncoder(maxTableSize);
  }

  /** As the client. */
  async sendPreface(): Promise<void> {
    await this.#write(PREFACE);
  }

  /** As the server. */
  async readPreface(): Promise<void> {
    assert.deepEqual(await this.#take(PREFACE.length), PREFACE);
  }

  /** Sends SETTINGS with these table sizes in them, in order. */
  async sendSettings(...tableSizes: number[]): Promise<void> {
    this.#unacknowledged.push(tableSizes);
    const payload = tableSizes.flatMap((size) => [0, HEADER_TABLE_SIZE, ...uint32(size)]);
    await this.#frame(SETTINGS, 0, 0, Uint8Array.from(payload));
  }

  /** Encodes and sends a header list, in several frames if it is long. */
  async sendHeaders(
    stream: number,
    fields: readonly FieldLine[],
    never: ReadonlySet<string>,
    end: boolean,
  ): Promise<void> {
    for (const [name, value] of fields) this.encoder.field(name, value, never.has(name));
    const block = this.encoder.finish();
    if (end) this.#ended.add(stream);
    for (let at = 0; at === 0 || at < block.length; at += 16_384) {
      const piece = block.subarray(at, at + 16_384);
      const flags = at + piece.length === block.length ? END_HEADERS : 0;
      if (at === 0) await this.#frame(HEADERS, flags | (end ? END_STREAM : 0), stream, piece);
      else await this.#frame(CONTINUATION, flags, stream, piece);
    }
  }

  /** The next headers or data; null at the end of the connection. A reset, or GOAWAY for an error, throws. */
  async next(): Promise<RawEvent | null> {
    for (;;) {
      const head = await this.#take(9);
      if (head === null) return null;
      const [a = 0, b = 0, c = 0, type, flags = 0] = head;
      const stream = readUint32(head, 5);
      const payload = await this.#take((a << 16) | (b << 8) | c);
      if (payload === null) return null;
      switch (type) {
        case DATA:
          if (payload.length > 0) await this.#giveCredit(payload.length);
          return { kind: "data", stream, data: unpadded(payload, flags), end: (flags & END_STREAM) !== 0 };
        case HEADERS: {
          const first = unpadded(payload, flags).subarray((flags & PRIORITY) !== 0 ? 5 : 0);
          const block = blockOf(this.decoder.decode(await this.#wholeBlock(first, flags)));
          return { kind: "headers", stream, block, end: (flags & END_STREAM) !== 0 };
        }
        case SETTINGS:
          await this.#settings(flags, payload);
          break;
        case PING:
          if ((flags & ACK) === 0) await this.#frame(PING, ACK, 0, payload);
          break;
        case RST_STREAM:
          // curl resets streams that are over.
          if (this.#ended.has(stream)) break;
          throw new Error(`RST_STREAM ${readUint32(payload, 0)} on stream ${stream}`);
        case GOAWAY:
          if (readUint32(payload, 4) !== 0) {
            const reason = new TextDecoder().decode(payload.subarray(8));
            throw new Error(`GOAWAY ${readUint32(payload, 4)} ${reason}`);
          }
      }
    }
  }

  async #settings(flags: number, payload: Uint8Array): Promise<void> {
    if ((flags & ACK) !== 0) {
      for (const size of this.#unacknowledged.shift() ?? []) this.decoder.setMaxTableSize(size);
      return;
    }
    for (let at = 0; at < payload.length; at += 6) {
      if (payload[at + 1] !== HEADER_TABLE_SIZE) continue;
      const size = readUint32(payload, at + 2);
      this.peerTableSizes.push(size);
      this.encoder.setTableLimit(size);
    }
    await this.#frame(SETTINGS, ACK, 0, new Uint8Array(0));
  }

  async #wholeBlock(first: Uint8Array, flags: number): Promise<Uint8Array> {
    let block = first;
    for (let last = (flags & END_HEADERS) !== 0; !last;) {
      const head = await this.#take(9);
      assert.equal(head?.[3], CONTINUATION);
      const [a = 0, b = 0, c = 0] = head;
      const more = await this.#take((a << 16) | (b << 8) | c) ?? new Uint8Array(0);
      block = Uint8Array.of(...block, ...more);
      last = (head[4]! & END_HEADERS) !== 0;
    }
    return block;
  }

  /** For the connection: no stream here needs more than its first window. */
  #giveCredit(length: number): Promise<void> {
    return this.#frame(WINDOW_UPDATE, 0, 0, Uint8Array.from(uint32(length)));
  }

  async #frame(type: number, flags: number, stream: number, payload: Uint8Array): Promise<void> {
    const { length } = payload;
    const head = [length >> 16, (length >> 8) & 0xff, length & 0xff, type, flags, ...uint32(stream)];
    const frame = new Uint8Array(9 + length);
    frame.set(head);
    frame.set(payload, 9);
    await this.#write(frame);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** That many bytes; null when the connection ends before them. */
  async #take(length: number): Promise<Uint8Array | null> {
    const buffer = new Uint8Array(65_536);
    while (this.#input.length < length) {
      const count = await this.#connection.read(buffer).catch((error: unknown) => {
        const { ConnectionReset, UnexpectedEof } = Deno.errors;
        if (error instanceof ConnectionReset || error instanceof UnexpectedEof) return null;
        throw error;
      });
      if (count === null) return null;
      const joined = new Uint8Array(this.#input.length + count);
      joined.set(this.#input);
      joined.set(buffer.subarray(0, count), this.#input.length);
      this.#input = joined;
    }
    const taken = this.#input.slice(0, length);
    this.#input = this.#input.slice(length);
    return taken;
  }
}

function unpadded(payload: Uint8Array, flags: number): Uint8Array {
  return (flags & PADDED) === 0 ? payload : payload.subarray(1, payload.length - payload[0]!);
}

function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}
