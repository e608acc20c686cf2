// HTTP/1.0 and 1.1 in the server role: the client leg. Reads requests, writes responses (RFC 9112; tolerant of 7230).
//
// Streams are numbered 1, 2, 3, …, one at a time: of a pipelined request nothing is said before the exchange under
// way is over in both directions (request read to its end, response sent to its end).
//
// A request fault comes as `reset` with scope "connection": for a new stream when the head was bad, for the current
// one when the body was. No `fault` signal follows it. A response (head, data, trailers) may still be sent on that
// stream if none was begun, and one under way may be finished; it says `Connection: close`, and `closing` follows.
// Whoever does not want to answer sends `reset`. What the client goes on sending is read and dropped; its end is `ended`.
//
// What decides whether the connection persists: the client's version and Connection, the framing, `shutdown()`, and
// with `hopByHop: "keep"` the response's Connection, which the client gets to see. With "own" that is about the other
// leg, but for a response that comes before the end of its request: its `close` means that the rest is not wanted.
//
// A 2xx of HTTP/2 to a request for a WebSocket goes out as 101, with the answer to the client's key (RFC 8441, 5).
//
// `closing` turns true: at the end of a response after which the connection does not persist (what is left of the
// request is then dropped, and nothing more is said of it); at the end of the exchange after `shutdown()`, or at
// once when none is open; when the client has ended and nothing it sent is unanswered; when our direction of a
// tunnel ends (the other goes on being read); with `aborted`.
// `aborted` turns true when a `reset` is sent: the driver resets the transport.
// `wantsRead` is false while a `bodyWindow` of credit is outstanding, while more than `heldInput` bytes wait for the
// exchange before them, while no exchange is open and `output` is at its high water (ask again after each write),
// and after the end of input.

import type { HttpEvent, HttpServerConnection, Offers, Signal } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import { type HttpVersion, isInterim, type RequestHead, type ResponseHead } from "../http/head.ts";
import { OutBuffer } from "../bytes/out_buffer.ts";
import { decideFraming } from "./framing.ts";
import { parseRequestHead } from "./head_parser.ts";
import { responseHeadText, responseVersion } from "./head_writer.ts";
import { wantsPersistence } from "../http/hop_by_hop.ts";
import { isWebSocketUpgrade, opensWebSocket, switchingToWebSocket } from "../http/websocket.ts";
import { type Http1Limits, type Http1Options, withDefaults } from "./limits.ts";
import { MessageReader } from "./message_reader.ts";
import { MessageWriter } from "./message_writer.ts";
import { responseWireFraming, type WireFraming } from "./wire_framing.ts";

/** `dropping`: whatever comes is of no interest any more. */
type RequestState = "head" | "body" | "complete" | "tunnel" | "dropping";
/** `none`: no exchange is open. `switching`: 101 or 2xx to CONNECT was sent; `tunnel()` or `detach()` follows. */
type ResponseState = "none" | "awaited" | "body" | "switching" | "tunnel" | "over";

export class Http1Server implements HttpServerConnection {
  readonly output = new OutBuffer();
  readonly multiplexes = false;
  readonly #limits: Readonly<Http1Limits>;
  readonly #own: boolean;
  readonly #reader: MessageReader;
  readonly #writer: MessageWriter;

  #stream = 0;
  #request: RequestState = "head";
  #response: ResponseState = "none";
  /** Of the request under way. */
  #version: HttpVersion = "HTTP/1.1";
  #method = "";
  /** It asks for a WebSocket; its Sec-WebSocket-Key, null: it has none. */
  #webSocket: { key: string | null } | null = null;
  #clientPersists = true;
  /** Whether the connection goes on after the response under way. */
  #persists = true;
  /** No exchange will follow this one: a fault, or `shutdown()`. */
  #last = false;
  #ended = false;
  #endedSaid = false;
  #closing = false;
  #aborted = false;
  #detached = false;

  constructor(options: Http1Options) {
    this.#limits = withDefaults(options.limits);
    this.#own = options.hopByHop === "own";
    this.#reader = new MessageReader("client", options.lenient, this.#limits);
    this.#writer = new MessageWriter(this.output, this.#own);
    this.#beginHead();
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** The transport must be reset, not closed: the peer must not take what it got for complete. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** Whether no exchange is open; part of a request head may have come. */
  get idle(): boolean {
    return this.#response === "none" && !this.#closing && !this.#detached;
  }

  /** Bytes of input that are held because they cannot be told yet. */
  get held(): number {
    return this.#reader.input.length;
  }

  get headStarted(): boolean {
    return this.#request === "head" && this.#reader.started;
  }

  get wantsRead(): boolean {
    if (this.#ended || this.#detached || this.#aborted) return false;
    if (this.#request === "dropping") return true;
    if (this.#reader.outstanding >= this.#limits.bodyWindow) return false;
    switch (this.#request) {
      case "head":
        // A client that does not read its answers gets no new ones.
        return this.output.length < this.#limits.outputHighWater;
      case "complete":
        return this.#reader.input.length <= this.#limits.heldInput;
      default:
        return true;
    }
  }

  receive(chunk: Uint8Array): void {
    if (this.#ended || this.#detached || this.#request === "dropping") return;
    this.#reader.input.push(chunk);
  }

  receiveEnd(): void {
    this.#ended = true;
  }

  next(): HttpEvent | Signal | null {
    const event = this.#reader.pending() ?? this.#reader.afterNotes(this.#read());
    if (event === null) this.#reader.input.settle();
    return event;
  }

  send(event: HttpEvent): void {
    if (this.#isOver(event.stream)) return;
    switch (event.kind) {
      case "head":
        if (event.head.kind !== "response") throw new TypeError("a request head sent in the server role");
        return this.#sendHead(event.head, event.end);
      case "data":
      case "trailers":
        return this.#sendBody(event);
      case "reset":
        return this.#abort();
    }
  }

  openStream(): null {
    return null;
  }

  get canOpen(): false {
    return false;
  }

  consume(stream: number, credit: number): void {
    if (stream === this.#stream) this.#reader.consume(credit);
  }

  capacity(_stream: number): number {
    return Math.max(0, this.#limits.outputHighWater - this.output.length);
  }

  /** After a 101 or a 2xx answer to CONNECT has been sent. The request must be complete: it is, when its end came from here. */
  tunnel(stream: number): void {
    if (this.#isOver(stream)) return;
    if (this.#response !== "switching") throw new Error("tunnel() without 101 or 2xx to CONNECT");
    if (this.#request !== "complete") throw new Error("tunnel() before the request is complete");
    this.#request = "tunnel";
    this.#response = "tunnel";
    this.#writer.beginRaw();
  }

  shutdown(): void {
    this.#last = true;
    if (this.#response === "none" && !this.#detached) this.#close();
  }

  /**
   * Takes the connection out of HTTP: all unread input, copied, for whoever goes on with the raw transport. Afterwards
   * nothing is read or said here; what waits in `output` must still be written.
   */
  detach(): Uint8Array {
    this.#detached = true;
    this.#request = "dropping";
    return this.#reader.input.drain();
  }

  /** There is nothing in HTTP/1 that would say it. */
  offer(_offers: Offers): void {}

  push(): null {
    return null;
  }

  prioritize(): void {}

  ping(): false {
    return false;
  }

  #read(): HttpEvent | Signal | null {
    const { input } = this.#reader;
    switch (this.#request) {
      case "head":
        return this.#readHead();
      case "body":
        return this.#readBody();
      case "complete":
        // Half-closed: the response is still due.
        return this.#ended && input.length === 0 ? this.#sayEnded() : null;
      case "tunnel":
        return this.#readTunnel();
      case "dropping":
        this.#reader.discard();
        return this.#ended && !this.#detached ? this.#sayEnded() : null;
    }
  }

  #readHead(): HttpEvent | Signal | null {
    // A client that does not take its answers has no further request looked at.
    if (this.output.length >= this.#limits.outputHighWater) return null;
    const text = this.#reader.readHead();
    if (text === null) return this.#ended ? this.#endOfRequests() : null;
    if (typeof text !== "string") return this.#refuse(text);
    const head = parseRequestHead(text, this.#reader.lines);
    if (!("fields" in head)) return this.#refuse(head);
    const decision = decideFraming(head, "");
    if ("scope" in decision) return this.#refuse(decision, head);
    head.framing = decision.framing;
    head.contentLength = decision.contentLength;
    this.#openExchange(head);
    const hasBody = this.#reader.beginBody(decision);
    this.#request = hasBody ? "body" : "complete";
    return { kind: "head", stream: this.#stream, head, end: !hasBody };
  }

  #readBody(): HttpEvent | null {
    const event = this.#reader.readBody(this.#stream, this.#ended);
    if (event === null) return null;
    if (event.kind === "reset") {
      if (event.fault.code === "truncated") this.#endedSaid = true;
      this.#fail();
    } else if (event.kind === "trailers" || (event.kind === "data" && event.end)) {
      this.#request = "complete";
      if (this.#response === "over") this.#exchangeOver();
    }
    return event;
  }

  #readTunnel(): HttpEvent | null {
    if (this.#endedSaid) return null;
    const event = this.#reader.readRaw(this.#stream, this.#ended);
    if (event !== null && event.kind === "data" && event.end) this.#endedSaid = true;
    return event;
  }

  /** The input ended between requests, or inside a head. */
  #endOfRequests(): HttpEvent | Signal | null {
    if (this.#reader.started) {
      this.#endedSaid = true;
      return this.#refuse(this.#reader.truncated("The connection ended in the middle of a request head"));
    }
    this.#close();
    return this.#sayEnded();
  }

  #sayEnded(): Signal | null {
    if (this.#endedSaid) return null;
    this.#endedSaid = true;
    return { kind: "ended" };
  }

  #openExchange(head: RequestHead | null): void {
    this.#stream++;
    this.#response = "awaited";
    this.#version = head?.version ?? "HTTP/1.1";
    this.#method = head?.method ?? "";
    this.#webSocket = head !== null && isWebSocketUpgrade(head)
      ? { key: head.fields.get("sec-websocket-key") }
      : null;
    this.#clientPersists = head !== null && wantsPersistence(head.version, head.fields);
    this.#persists = true;
  }

  /** A bad head: a stream of its own, for the fault and its answer. */
  #refuse(fault: ProtocolFault, head: RequestHead | null = null): HttpEvent {
    this.#openExchange(head);
    this.#fail();
    return { kind: "reset", stream: this.#stream, fault };
  }

  #fail(): void {
    this.#last = true;
    this.#persists = false;
    this.#request = "dropping";
    this.#reader.discard();
    if (this.#response === "over") this.#close();
  }

  #isOver(stream: number): boolean {
    return stream !== this.#stream || this.#response === "none" || this.#response === "over" ||
      this.#aborted ||
      this.#detached;
  }

  #sendHead(answer: ResponseHead, end: boolean): void {
    if (this.#response !== "awaited") throw new Error("a second response head");
    const webSocket = opensWebSocket(answer) ? this.#webSocket : null;
    const head = webSocket === null ? answer : switchingToWebSocket(answer, webSocket.key);
    if (isInterim(head)) return this.#sendInterim(head);
    const wire = responseWireFraming(head, end, responseVersion(head), this.#version, this.#method);
    const switches = head.status === 101 ||
      (this.#method === "CONNECT" && head.status >= 200 && head.status < 300);
    const persists = switches || this.#decidePersistence(head, wire);
    const options = this.#connectionOptions(head, switches, persists);
    const text = responseHeadText(head, this.#own, wire, options);
    this.#writer.begin(text, wire, end && !switches);
    this.#persists = persists;
    this.#response = switches ? "switching" : "body";
    if (end && !switches) this.#responseEnded();
  }

  #sendInterim(head: ResponseHead): void {
    // RFC 9110, 15.2: never to an HTTP/1.0 client.
    if (this.#version === "HTTP/1.0") return;
    const wire = responseWireFraming(head, true, responseVersion(head), this.#version, this.#method);
    this.#writer.interim(responseHeadText(head, this.#own, wire, []));
  }

  #decidePersistence(head: ResponseHead, wire: WireFraming): boolean {
    if (this.#last || !this.#clientPersists || wire.kind === "close") return false;
    // RFC 9112, 9.3: a proxy must not keep a connection with an HTTP/1.0 client; in a tunnel we are none.
    if (this.#own && this.#version === "HTTP/1.0") return false;
    // Connection of the response is about the other leg, when we say our own. But while the request is still on its
    // way it says that the rest of it will not be read: RFC 9110, 10.1.1.
    if (this.#manages(head)) return this.#request !== "body" || wantsPersistence(head.version, head.fields);
    if (!wantsPersistence(responseVersion(head), head.fields)) return false;
    return this.#version !== "HTTP/1.0" || head.fields.hasToken("connection", "keep-alive");
  }

  #connectionOptions(head: ResponseHead, switches: boolean, persists: boolean): string[] {
    const manages = this.#manages(head);
    // RFC 9110, 7.8
    if (switches) return manages && head.status === 101 ? ["Upgrade"] : [];
    if (!persists) {
      // What came says all but our own wish to close.
      if (!manages && (!this.#last || head.fields.hasToken("connection", "close"))) return [];
      // RFC 9112, 9.6; an HTTP/1.0 client that did not ask for more expects nothing else.
      return this.#version === "HTTP/1.0" && !this.#clientPersists ? [] : ["close"];
    }
    // RFC 9112, 9.3 and C.2.2: a 1.0 message, or one to a 1.0 client, persists only when it says so.
    const mustSay = this.#version === "HTTP/1.0" || responseVersion(head) === "HTTP/1.0";
    return manages && mustSay ? ["keep-alive"] : [];
  }

  /** Whether Connection is ours to say: it does not come with an HTTP/2 head. */
  #manages(head: ResponseHead): boolean {
    return this.#own || head.version === "HTTP/2.0";
  }

  #sendBody(event: HttpEvent & { kind: "data" | "trailers" }): void {
    if (this.#response !== "body" && this.#response !== "tunnel") {
      throw new Error("data before a response head");
    }
    try {
      if (event.kind === "trailers") this.#writer.trailers(event.fields, event.extension);
      else this.#writer.data(event.data, event.extension, event.end);
    } catch (error) {
      // Our mistake; but the client must not take half a message for a whole one.
      this.#abort();
      throw error;
    }
    if (event.kind === "trailers" || event.end) this.#responseEnded();
  }

  #responseEnded(): void {
    const wasTunnel = this.#response === "tunnel";
    this.#response = "over";
    if (wasTunnel) this.#closing = true;
    // `#last` may have come after the head went out.
    else if (!this.#persists || this.#last) this.#close();
    else if (this.#request === "complete") this.#exchangeOver();
  }

  #exchangeOver(): void {
    this.#response = "none";
    this.#beginHead();
    if (this.#last || (this.#ended && this.#reader.input.length === 0)) this.#close();
  }

  #beginHead(): void {
    this.#request = "head";
    this.#reader.outstanding = 0;
    this.#reader.beginHead("request");
  }

  #close(): void {
    this.#closing = true;
    this.#request = "dropping";
    this.#reader.discard();
  }

  #abort(): void {
    this.#aborted = true;
    this.#close();
  }
}
