// Writes one message body at a time in the framing its head announced (RFC 9112, 6 and 7).
// Invariants: what goes out is exactly what was announced: a body that would not fit throws and nothing of it is
// written; each piece goes to the output at once, as one chunk where the framing is chunked; bytes are copied.

import { isFieldValueByte, SEMICOLON } from "../bytes/ascii.ts";
import type { OutBuffer } from "../bytes/out_buffer.ts";
import type { Fields } from "../http/fields.ts";
import { trailersText } from "./head_writer.ts";
import type { WireFraming } from "./wire_framing.ts";

/** What can be sent next. `over`: the message is complete. `raw`: a tunnel. */
type Mode = "over" | "bodiless" | "length" | "chunked" | "close" | "raw";

const NOTHING = new Uint8Array(0);

export class MessageWriter {
  readonly #output: OutBuffer;
  readonly #own: boolean;
  #mode: Mode = "over";
  #remaining = 0;

  /** `own`: hop-by-hop fields are left out of trailers. */
  constructor(output: OutBuffer, own: boolean) {
    this.#output = output;
    this.#own = own;
  }

  /** Writes a head and prepares for its body; `end`: nothing follows. */
  begin(headText: string, wire: WireFraming, end: boolean): void {
    if (end && wire.kind === "length" && wire.length > 0) {
      throw new RangeError(`a message to be sent announces ${wire.length} bytes and ends without them`);
    }
    this.#output.appendText(headText);
    this.#mode = wire.kind === "none" ? "length" : wire.kind;
    this.#remaining = wire.kind === "length" ? wire.length : 0;
    if (end) this.data(NOTHING, undefined, true);
  }

  /** Interim heads: they have no body and do not touch the one to come. */
  interim(headText: string): void {
    this.#output.appendText(headText);
  }

  /** From here on bytes go out as they are. */
  beginRaw(): void {
    this.#mode = "raw";
  }

  data(data: Uint8Array, extension: string | undefined, end: boolean): void {
    switch (this.#mode) {
      case "over":
        throw new Error("data after the end of a message");
      case "bodiless":
        // RFC 9112, 6.3: there is no body, whatever its maker thinks.
        break;
      case "length":
        this.#countDown(data.length, end);
        this.#output.append(data);
        break;
      case "chunked":
        this.#chunk(data, extension, end);
        break;
      case "close":
      case "raw":
        this.#output.append(data);
    }
    if (end) this.#mode = "over";
  }

  /** The end with trailers; they are dropped where the framing has no place for them. */
  trailers(fields: Fields, extension: string | undefined): void {
    if (this.#mode !== "chunked") return this.data(NOTHING, undefined, true);
    const text = trailersText(fields, this.#own);
    this.#output.appendText(`0${checkedExtension(extension)}\r\n${text}`);
    this.#mode = "over";
  }

  #countDown(length: number, end: boolean): void {
    const rest = this.#remaining - length;
    if (rest < 0) throw new RangeError(`a body to be sent is ${-rest} bytes longer than announced`);
    if (end && rest > 0) throw new RangeError(`a body to be sent ends ${rest} bytes early`);
    this.#remaining = rest;
  }

  /** RFC 9112, 7.1. With data the extension is that chunk's, without it the last chunk's. */
  #chunk(data: Uint8Array, extension: string | undefined, end: boolean): void {
    const extensionText = checkedExtension(extension);
    // An empty chunk would be the last one.
    if (data.length > 0) {
      this.#output.appendText(`${data.length.toString(16)}${extensionText}\r\n`);
      this.#output.append(data);
      this.#output.appendText(end ? "\r\n0\r\n\r\n" : "\r\n");
    } else if (end) {
      this.#output.appendText(`0${extensionText}\r\n\r\n`);
    }
  }
}

/** RFC 9112, 7.1.1; throws on what would break out of the chunk-size line. */
function checkedExtension(extension: string | undefined): string {
  if (extension === undefined || extension === "") return "";
  if (extension.charCodeAt(0) !== SEMICOLON) {
    throw new TypeError("a chunk extension to be sent does not begin with ;");
  }
  for (let index = 0; index < extension.length; index++) {
    const code = extension.charCodeAt(index);
    if (code > 0xff || !isFieldValueByte(code)) {
      throw new TypeError("a chunk extension to be sent has a forbidden byte");
    }
  }
  return extension;
}
