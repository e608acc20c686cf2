// Drives an HTTP/2 codec in tests: feeds pieces the way the driver does, writes events down as short texts that are the
// same however the input was cut, and keeps the frames it sent. Every frame goes through an `Observer`.

import assert from "node:assert/strict";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import type { HttpConnection, HttpEvent, Signal } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead, ResponseHead } from "../../lib/http/head.ts";
import { Http2Client } from "../../lib/http2/client.ts";
import type { Http2Options } from "../../lib/http2/limits.ts";
import { Http2Server } from "../../lib/http2/server.ts";
import {
  ascii,
  describeFrame,
  type FieldLine,
  type Frame,
  FrameParser,
  join,
  ping,
  PREFACE,
  settings,
  settingsAck,
  TYPE,
} from "../kit/http2_frames.ts";
import { describe } from "./describe.ts";
import { EventGrammar } from "./grammar.ts";
import type { Block } from "./observed_blocks.ts";
import { Observer, type Role } from "./observer.ts";

type ServerOptions = ConstructorParameters<typeof Http2Server>[0];
/** A longer body is told by its length. */
const SHORT_BODY = 100;

type Setting = readonly [id: number, value: number];

/** A codec, and the peer's end of its wire. */
export class Wire<Codec extends HttpConnection = HttpConnection> {
  readonly codec: Codec;
  readonly role: Role;
  readonly observer: Observer;
  /** All frames the codec has sent. */
  readonly frames: Frame[] = [];
  /** What it has said of streams and faults; `offers` and `writable` are in `signals`. */
  readonly lines: string[] = [];
  readonly signals: string[] = [];
  readonly events: (HttpEvent | Signal)[] = [];
  /** Whether the credit of each piece of data goes back at once. */
  consumes = true;
  /** Whether what the codec writes is taken: false is a peer that does not read. */
  reads = true;
  credit = 0;
  onEvent: (event: HttpEvent | Signal) => void = () => {};
  /** What the codec writes, as it is; a view. */
  onBytes: (bytes: Uint8Array) => void = () => {};
  readonly #parser: FrameParser;
  readonly #grammar = new EventGrammar();
  #seen = 0;
  /** Pieces of one stream's body that came one after the other; only a short text is kept. */
  #body: { stream: number; text: string; length: number } | null = null;

  constructor(codec: Codec, role: Role) {
    this.codec = codec;
    this.role = role;
    this.observer = new Observer(role);
    this.#parser = new FrameParser(role === "client");
  }

  /** One turn: takes the pieces joined (null: the end), says what comes of it, writes; then overwrites them: they were borrowed. */
  feed(...parts: readonly Uint8Array[]): this {
    const piece = join(...parts);
    this.observer.input(piece);
    this.codec.receive(piece);
    this.#pump();
    piece.fill(0xaa);
    return this.turn();
  }

  end(): this {
    this.codec.receiveEnd();
    return this.turn();
  }

  send(event: HttpEvent): this {
    if (event.kind === "head" && event.head.kind === "request" && event.head.method === "CONNECT") {
      this.#grammar.connecting(event.stream);
    }
    this.codec.send(event);
    return this.turn();
  }

  sendData(stream: number, content: Uint8Array | string, end = false): this {
    const bytes = typeof content === "string" ? ascii(content) : content;
    return this.send({ kind: "data", stream, data: bytes, credit: bytes.length, end });
  }

  /** Client role: a request on a new stream; its id. */
  request(head: RequestHead, end = true): number {
    const stream = this.codec.openStream();
    assert.ok(stream !== null, "no stream can be opened");
    this.send({ kind: "head", stream, head, end });
    return stream;
  }

  respond(stream: number, head: ResponseHead, end = false): this {
    return this.send({ kind: "head", stream, head, end });
  }

  /** Says and writes all there is. */
  turn(): this {
    this.#pump();
    while (this.reads) {
      const view = this.codec.output.take();
      if (view === null) break;
      this.onBytes(view);
      for (const frame of this.#parser.push(view)) {
        this.frames.push(frame);
        this.observer.output(frame);
      }
      this.codec.output.release();
      this.#pump();
    }
    if (this.reads) this.observer.endTurn();
    return this;
  }

  /** The frames since the last call, described; WINDOW_UPDATE left out unless asked for. */
  sent(withWindows = false): string[] {
    return this.sentFrames().filter(({ type }) => withWindows || type !== TYPE.WINDOW_UPDATE).map(
      describeFrame,
    );
  }

  sentFrames(): Frame[] {
    const fresh = this.frames.slice(this.#seen);
    this.#seen = this.frames.length;
    return fresh;
  }

  ofType(type: number, stream?: number): Frame[] {
    return this.frames.filter((frame) =>
      frame.type === type && (stream === undefined || frame.stream === stream)
    );
  }

  /** The field blocks sent on a stream. */
  blocks(stream: number): Block[] {
    return this.observer.blocks.list.filter((block) => block.stream === stream);
  }

  /** The lines so far; neighbouring pieces of a body are one. */
  texts(): string[] {
    this.#flushBody();
    return this.lines;
  }

  /** A PING is answered, and nothing else comes of it. */
  assertAlive(): this {
    const lines = this.texts().length;
    const answered = this.ofType(TYPE.PING).length;
    this.feed(ping("alive???"));
    assert.equal(this.ofType(TYPE.PING).length, answered + 1, "PING not answered");
    assert.deepEqual(this.texts().slice(lines), []);
    assert.equal(this.codec.closing, false);
    this.observer.settled();
    return this;
  }

  #pump(): void {
    for (let event = this.codec.next(); event !== null; event = this.codec.next()) {
      this.#note(event);
      if (event.kind === "data" && this.consumes) this.codec.consume(event.stream, event.credit);
      this.onEvent(event);
    }
  }

  #note(event: HttpEvent | Signal): void {
    this.#grammar.check(event);
    if (event.kind === "data") {
      this.credit += event.credit;
      this.events.push({ ...event, data: event.data.slice() });
      if (this.#body?.stream !== event.stream) this.#flushBody();
      this.#body ??= { stream: event.stream, text: "", length: 0 };
      this.#body.length += event.data.length;
      if (this.#body.length <= SHORT_BODY) this.#body.text += latin1Decode(event.data);
      if (!event.end) return;
      this.#flushBody();
      this.lines.push(`#${event.stream} end`);
      return;
    }
    this.events.push(event);
    if (event.kind === "offers" || event.kind === "writable") {
      this.signals.push(describe(event));
      return;
    }
    this.#flushBody();
    this.lines.push(describe(event));
  }

  #flushBody(): void {
    const body = this.#body;
    this.#body = null;
    if (body === null || body.length === 0) return;
    const text = body.length > SHORT_BODY ? `of ${body.length}` : JSON.stringify(body.text);
    this.lines.push(`#${body.stream} body ${text}`);
  }
}

export function rawServer(options: Partial<ServerOptions> = {}): Wire<Http2Server> {
  return new Wire(new Http2Server({ hopByHop: "keep", ...options }), "server").turn();
}

export function rawClient(options: Partial<Http2Options> = {}): Wire<Http2Client> {
  return new Wire(new Http2Client({ hopByHop: "keep", ...options }), "client").turn();
}

/** A server whose client has sent its preface and acknowledged the server's settings. */
export function server(options: Partial<ServerOptions> = {}, ...entries: Setting[]): Wire<Http2Server> {
  const wire = rawServer(options).feed(PREFACE, settings(...entries), settingsAck);
  wire.sentFrames();
  assert.deepEqual(wire.texts(), []);
  return wire;
}

/** A client whose server has sent its settings and acknowledged the client's. */
export function client(options: Partial<Http2Options> = {}, ...entries: Setting[]): Wire<Http2Client> {
  const wire = rawClient(options).feed(settings(...entries), settingsAck);
  wire.sentFrames();
  assert.deepEqual(wire.texts(), []);
  return wire;
}

/** Our side gives the stream up. */
export function cancel(wire: Wire, stream: number, code = "CANCEL"): void {
  const peer = wire.role === "server" ? "server" : "client";
  const fault = { scope: "stream", peer, code, status: 502, message: "a test", rule: "a test" } as const;
  wire.send({ kind: "reset", stream, fault });
}

/** The field lines of a request, as a peer sends them. */
export function requestLines(method: string, path: string, ...more: FieldLine[]): FieldLine[] {
  return [[":method", method], [":scheme", "https"], [":authority", "a"], [":path", path], ...more];
}

export function responseLines(status: number | string, ...more: FieldLine[]): FieldLine[] {
  return [[":status", String(status)], ...more];
}

export function requestHead(method: string, path: string, more: Partial<RequestHead> = {}): RequestHead {
  return {
    kind: "request",
    version: "HTTP/2.0",
    method,
    target: path,
    targetForm: "origin",
    scheme: "https",
    authority: "a",
    path,
    protocol: null,
    framing: "none",
    contentLength: null,
    fields: new Fields(),
    ...more,
  };
}

export function connectHead(authority: string, more: Partial<RequestHead> = {}): RequestHead {
  return requestHead("CONNECT", "", {
    target: authority,
    targetForm: "authority",
    scheme: "",
    authority,
    ...more,
  });
}

export function responseHead(status: number, more: Partial<ResponseHead> = {}): ResponseHead {
  return {
    kind: "response",
    version: "HTTP/2.0",
    status,
    reason: "",
    framing: "stream",
    contentLength: null,
    fields: new Fields(),
    ...more,
  };
}
