// The chunked transfer coding, decoded as it comes (RFC 9112, 7.1): each received piece of a chunk is an event at once.
// Invariants: data is never copied; the size line is read byte by byte and never held, but for its extension text;
// the same bytes give the same chunks however they are cut; after a fault or the end, `read` must not be called again.

import { CR, HTAB, isFieldValueByte, LF, SEMICOLON, SPACE } from "../bytes/ascii.ts";
import type { ByteQueue } from "../bytes/byte_queue.ts";
import { latin1Decode } from "../bytes/latin1.ts";
import type { HttpEvent } from "../http/connection.ts";
import type { Peer, ProtocolFault, ProtocolNote } from "../http/fault.ts";
import { Fields } from "../http/fields.ts";
import { connectionFault, protocolNote } from "./faults.ts";
import { isForbiddenTrailer } from "./framing.ts";
import { parseFieldLines } from "./head_parser.ts";
import type { Http1Limits } from "./limits.ts";
import type { SectionScanner } from "./section_scanner.ts";

/** 2^53-1 has 14 hex digits; two more for leading zeros, which some servers pad with. */
const MOST_DIGITS = 16;
const NOTHING = new Uint8Array(0);

type State =
  | "size"
  | "blank"
  | "extension"
  | "line-lf"
  | "data"
  | "data-cr"
  | "data-lf"
  | "trailers";

export class ChunkedReader {
  readonly #peer: Peer;
  readonly #lenient: boolean;
  readonly #limits: Readonly<Http1Limits>;
  readonly #scanner: SectionScanner;
  readonly #onNote: (note: ProtocolNote) => void;
  #state: State = "size";
  #digits = 0;
  #remaining = 0;
  #lineLength = 0;
  #extension = "";

  constructor(
    peer: Peer,
    lenient: boolean,
    limits: Readonly<Http1Limits>,
    scanner: SectionScanner,
    onNote: (note: ProtocolNote) => void,
  ) {
    this.#peer = peer;
    this.#lenient = lenient;
    this.#limits = limits;
    this.#scanner = scanner;
    this.#onNote = onNote;
  }

  /** Prepares for a new body. */
  begin(): void {
    this.#beginLine();
  }

  /** The next piece of the body, its end, a fault as `reset`, or null when more input is needed. */
  read(input: ByteQueue, stream: number): HttpEvent | null {
    for (;;) {
      if (this.#state === "data") return input.length === 0 ? null : this.#data(input, stream);
      if (this.#state === "trailers") return this.#trailers(input, stream);
      const fault = this.#state === "data-cr" || this.#state === "data-lf"
        ? this.#readDataEnd(input)
        : this.#readLine(input);
      if (fault === "more") return null;
      if (fault !== null) return { kind: "reset", stream, fault };
    }
  }

  #data(input: ByteQueue, stream: number): HttpEvent {
    const { bytes, start } = input;
    const length = Math.min(this.#remaining, input.length);
    const data = bytes.subarray(start, start + length);
    input.skip(length);
    this.#remaining -= length;
    if (this.#remaining === 0) this.#state = "data-cr";
    const extension = this.#extension;
    if (extension === "") return { kind: "data", stream, data, credit: length, end: false };
    this.#extension = "";
    // The extension is forwarded too, so it counts: else tiny chunks with long extensions would not be held back.
    return { kind: "data", stream, data, credit: length + extension.length, end: false, extension };
  }

  /** RFC 9112, 7.1: chunk-size [ chunk-ext ] CRLF. Null when the line is complete. */
  #readLine(input: ByteQueue): ProtocolFault | "more" | null {
    const { bytes, end } = input;
    let at = input.start;
    let extensionStart = at;
    let fault: ProtocolFault | null = null;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      if (this.#state === "line-lf") {
        if (byte !== LF) return this.#bareCr();
        input.skip(at + 1 - input.start);
        return this.#endLine();
      }
      if (byte === CR || byte === LF) {
        if (this.#state === "extension") this.#extension += latin1Decode(bytes, extensionStart, at);
        fault = this.#checkSize();
        if (fault !== null) return fault;
        if (byte === LF) {
          // The LF may be forgiven: let the end of the line see it.
          fault = this.#bareLf();
          if (fault !== null) return fault;
          input.skip(at + 1 - input.start);
          return this.#endLine();
        }
        this.#state = "line-lf";
        at++;
        continue;
      }
      if (++this.#lineLength > this.#limits.chunkLine) {
        return this.#fault("chunk-line-too-long", "A chunk-size line is too long", "limit: chunk line");
      }
      if (this.#state === "extension") {
        if (!isFieldValueByte(byte)) {
          return this.#fault(
            "bad-chunk-extension",
            "A control character in a chunk extension",
            "RFC 9112, 7.1.1",
          );
        }
      } else if (byte === SEMICOLON && this.#digits > 0) {
        this.#state = "extension";
        extensionStart = at;
      } else {
        fault = this.#sizeByte(byte);
        if (fault !== null) return fault;
      }
      at++;
    }
    if (this.#state === "extension") this.#extension += latin1Decode(bytes, extensionStart, at);
    input.skip(at - input.start);
    return "more";
  }

  #sizeByte(byte: number): ProtocolFault | null {
    // RFC 9112, 7.1.1: blanks may stand before the ";" of an extension, and only there.
    if ((byte === SPACE || byte === HTAB) && this.#digits > 0) {
      this.#state = "blank";
      return null;
    }
    const digit = hexDigit(byte);
    if (digit < 0 || this.#state === "blank") return this.#badSize();
    this.#remaining = this.#remaining * 16 + digit;
    if (++this.#digits > MOST_DIGITS || this.#remaining > Number.MAX_SAFE_INTEGER) {
      // RFC 9112, 7.1: recipients must guard against overflow.
      return this.#fault(
        "chunk-size-overflow",
        "A chunk size is beyond what can be counted",
        "RFC 9112, 7.1",
      );
    }
    return null;
  }

  /** The line's end has come: there must have been a size, and no blanks behind it. */
  #checkSize(): ProtocolFault | null {
    return this.#digits === 0 || this.#state === "blank" ? this.#badSize() : null;
  }

  #endLine(): null {
    if (this.#remaining > 0) {
      this.#state = "data";
    } else {
      this.#state = "trailers";
      this.#scanner.begin("trailers");
    }
    return null;
  }

  /** RFC 9112, 7.1: the CRLF after chunk-data. */
  #readDataEnd(input: ByteQueue): ProtocolFault | "more" | null {
    while (input.length > 0) {
      const byte = input.bytes[input.start];
      if (this.#state === "data-cr" && byte === CR) {
        input.skip(1);
        this.#state = "data-lf";
        continue;
      }
      if (byte !== LF) {
        return this.#fault("missing-crlf-after-chunk", "No CRLF after chunk data", "RFC 9112, 7.1");
      }
      if (this.#state === "data-cr") {
        const fault = this.#bareLf();
        if (fault !== null) return fault;
      }
      input.skip(1);
      this.#beginLine();
      return null;
    }
    return "more";
  }

  /** RFC 9112, 7.1.2: the trailer section, or the empty line that stands for none. */
  #trailers(input: ByteQueue, stream: number): HttpEvent | null {
    const scanner = this.#scanner;
    const outcome = scanner.scan(input);
    if (outcome === false) return null;
    if (outcome !== true) return { kind: "reset", stream, fault: outcome };
    const text = scanner.take(input);
    const extension = this.#extension === "" ? {} : { extension: this.#extension };
    if (scanner.lines.length === 0) {
      return { kind: "data", stream, data: NOTHING, credit: 0, end: true, ...extension };
    }
    const fields = parseFieldLines(text, scanner.lines, 0, this.#peer);
    if (!(fields instanceof Fields)) return { kind: "reset", stream, fault: fields };
    this.#noteForbidden(fields);
    return { kind: "trailers", stream, fields, ...extension };
  }

  /** RFC 9110, 6.5.1: harmless as long as nobody merges them into the head; the writer leaves them out. */
  #noteForbidden(fields: Fields): void {
    for (let index = 0; index < fields.length; index++) {
      const name = fields.name(index);
      if (!isForbiddenTrailer(name)) continue;
      const message = `The field ${name} may not be a trailer`;
      this.#onNote(protocolNote(this.#peer, "forbidden-trailer", message, "RFC 9110, 6.5.1"));
    }
  }

  #beginLine(): void {
    this.#state = "size";
    this.#digits = 0;
    this.#remaining = 0;
    this.#lineLength = 0;
    this.#extension = "";
  }

  #badSize(): ProtocolFault {
    return this.#fault("bad-chunk-size", "A chunk size is not a hexadecimal number", "RFC 9112, 7.1");
  }

  #bareCr(): ProtocolFault {
    return this.#fault("bare-cr", "A CR without LF in a chunk-size line", "RFC 9112, 2.2");
  }

  #bareLf(): ProtocolFault | null {
    if (!this.#lenient) return this.#fault("bare-lf", "A line ends in LF without CR", "RFC 9112, 2.2");
    this.#onNote(protocolNote(this.#peer, "bare-lf", "A line ends in LF without CR", "RFC 9112, 2.2"));
    return null;
  }

  #fault(code: string, message: string, rule: string): ProtocolFault {
    return connectionFault(this.#peer, code, message, rule);
  }
}

/** The value of a hex digit, or -1. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
