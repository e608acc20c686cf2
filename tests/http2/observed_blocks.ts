// The field blocks an endpoint sends, decoded, and whether they may be sent (RFC 9113, 6.10, 8.2, 8.3).

import assert from "node:assert/strict";
import { HpackDecoder } from "../../lib/hpack/decoder.ts";
import { describeFrame, FLAG, fragmentOf, type Frame, join, readUint32, TYPE } from "../kit/http2_frames.ts";

export interface Block {
  stream: number;
  /** Of PUSH_PROMISE. */
  promised: number | null;
  end: boolean;
  fields: [name: string, value: string][];
  /** Names of fields that came as never indexed. */
  neverIndexed: ReadonlySet<string>;
  /** In how many frames it came, and how many bytes it was. */
  frames: number;
  bytes: Uint8Array;
}

export class ObservedBlocks {
  /** All that have ended, in order. */
  readonly list: Block[] = [];
  readonly #decoder = new HpackDecoder({ maxTableSize: 65_536, maxListSize: 2 ** 24, maxFields: 100_000 });
  #first: Frame | null = null;
  #parts: Uint8Array[] = [];

  /** Whether a block is under way. */
  get underWay(): boolean {
    return this.#first !== null;
  }

  /** Any frame: nothing may come between the frames of a block. */
  admit(frame: Frame): void {
    const what = describeFrame(frame);
    if (this.#first === null) {
      return assert.notEqual(frame.type, TYPE.CONTINUATION, `${what} continues nothing`);
    }
    const continued = frame.type === TYPE.CONTINUATION && frame.stream === this.#first.stream;
    assert.ok(continued, `${what} inside a field block`);
  }

  /** HEADERS, PUSH_PROMISE or CONTINUATION. */
  add(frame: Frame): void {
    this.#first ??= frame;
    this.#parts.push(fragmentOf(frame));
    if (frame.flags & FLAG.END_HEADERS) this.#end(this.#first);
  }

  #end(first: Frame): void {
    const what = describeFrame(first);
    const bytes = join(...this.#parts);
    const decoded = this.#decoder.decode(bytes);
    if (decoded.kind === "fault") assert.fail(`${what}: ${decoded.message}`);
    const fields: [string, string][] = [];
    for (let at = 0; at < decoded.list.length; at += 2) {
      fields.push([decoded.list[at]!, decoded.list[at + 1]!]);
    }
    checkFields(fields, what);
    this.list.push({
      stream: first.stream,
      promised: first.type === TYPE.PUSH_PROMISE ? readUint32(first.payload, 0) : null,
      end: (first.flags & FLAG.END_STREAM) !== 0,
      fields,
      neverIndexed: decoded.neverIndexed ?? new Set(),
      frames: this.#parts.length,
      bytes,
    });
    this.#first = null;
    this.#parts = [];
  }
}

/** RFC 9113, 8.2.1, 8.2.2 and 8.3 */
function checkFields(fields: readonly [string, string][], what: string): void {
  let pseudo = true;
  const seen = new Set<string>();
  for (const [name, value] of fields) {
    assert.equal(name, name.toLowerCase(), `${what}: ${name}`);
    assert.doesNotMatch(value, /[\0\r\n]|^[ \t]|[ \t]$/, `${what}: ${name}: ${value}`);
    assert.doesNotMatch(name, /^(connection|proxy-connection|keep-alive|transfer-encoding|upgrade)$/, what);
    if (name === "te") assert.equal(value, "trailers", what);
    if (!name.startsWith(":")) {
      pseudo = false;
      continue;
    }
    assert.ok(pseudo, `${what}: ${name} after a field`);
    assert.ok(!seen.has(name), `${what}: ${name} twice`);
    seen.add(name);
  }
}
