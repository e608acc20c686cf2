// HTTP/1.0 and 1.1 in the client role: the server leg. Writes requests, reads responses (RFC 9112; tolerant of 7230).
//
// One stream at a time, numbered 1, 2, 3, …: `openStream()` gives an id while `canOpen`, and the stream is over when
// the response has been read to its end and the request was sent to its end. A response may come before the request
// is complete; it is reported at once, and the connection stays taken until the request's end is sent.
//
// A response fault comes as `reset` with scope "connection" on the stream; no `fault` signal follows it. Input that
// no request asked for is a `fault` signal ("unexpected-response"). After either, and after the end of input inside a
// response ("truncated", or "no-response" before its first byte), `closing` is true, `canOpen` false for good, what is
// sent is ignored and what comes is dropped.
// Extended CONNECT for a WebSocket (RFC 8441) goes out as an Upgrade with a key of our own, and its 101 is checked against
// that key. A 2xx answer to it is a fault: to who asked in HTTP/2 it would say that there is a WebSocket.
//
// `ended` comes when the server ended with no response under way; `closing` and not `canOpen` from then on.
//
// `closing` turns true: when the stream is over and the connection does not persist, or after `shutdown()` (at once
// when no stream is open); with a fault or the end of input as above; when our direction of a tunnel ends (the
// other goes on being read); with `aborted`.
// `aborted` turns true when a `reset` is sent: the driver resets the transport.
// `wantsRead` is false while a `bodyWindow` of credit is outstanding, while more than `heldInput` bytes wait for
// `tunnel()`, and after the end of input. It stays true while idle, so that the end is noticed.

import { OutBuffer } from "../bytes/out_buffer.ts";
import type { HttpConnection, HttpEvent, Offers, Signal } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import { isInterim, type RequestHead, type ResponseHead } from "../http/head.ts";
import { connectionFault } from "./faults.ts";
import { decideFraming } from "./framing.ts";
import { parseResponseHead } from "./head_parser.ts";
import { requestHeadText } from "./head_writer.ts";
import { wantsPersistence } from "../http/hop_by_hop.ts";
import { handshakeFlaw, isWebSocketConnect, webSocketUpgrade } from "../http/websocket.ts";
import { type Http1Limits, type Http1Options, withDefaults } from "./limits.ts";
import { MessageReader } from "./message_reader.ts";
import { MessageWriter } from "./message_writer.ts";
import { requestWireFraming } from "./wire_framing.ts";

/** `opened`: the stream has an id, its head is still to be sent. */
type RequestState = "none" | "opened" | "body" | "complete" | "tunnel" | "over";
/** `switching`: 101 or 2xx to CONNECT came; `tunnel()` follows. `dropping`: nothing that comes is of interest any more. */
type ResponseState = "none" | "head" | "body" | "switching" | "tunnel" | "over" | "dropping";

export class Http1Client implements HttpConnection {
  readonly output = new OutBuffer();
  readonly multiplexes = false;
  readonly #limits: Readonly<Http1Limits>;
  readonly #own: boolean;
  readonly #newKey: (() => string) | null;
  readonly #reader: MessageReader;
  readonly #writer: MessageWriter;

  #stream = 0;
  #request: RequestState = "none";
  #response: ResponseState = "none";
  /** Of the request under way. */
  #method = "";
  #protocol: string | null = null;
  /** The Sec-WebSocket-Key we made for it; null: it asks for no WebSocket, or in its own words. */
  #key: string | null = null;
  #interims = 0;
  /** Whether the connection goes on after the exchange under way. */
  #persists = true;
  #last = false;
  #ended = false;
  #endedSaid = false;
  #closing = false;
  #aborted = false;

  constructor(options: Http1Options) {
    this.#limits = withDefaults(options.limits);
    this.#own = options.hopByHop === "own";
    this.#newKey = options.webSocketKey ?? null;
    this.#reader = new MessageReader("server", options.lenient, this.#limits);
    this.#writer = new MessageWriter(this.output, this.#own);
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** The transport must be reset, not closed: the peer must not take what it got for complete. */
  get aborted(): boolean {
    return this.#aborted;
  }

  get canOpen(): boolean {
    return this.#request === "none" && this.#response === "none" && !this.#closing && !this.#ended &&
      this.#reader.input.length === 0;
  }

  /** Bytes of input that are held because they cannot be told yet. */
  get held(): number {
    return this.#reader.input.length;
  }

  get wantsRead(): boolean {
    if (this.#ended || this.#aborted) return false;
    if (this.#response === "dropping") return true;
    if (this.#response === "switching") return this.#reader.input.length <= this.#limits.heldInput;
    return this.#reader.outstanding < this.#limits.bodyWindow;
  }

  receive(chunk: Uint8Array): void {
    if (this.#ended || this.#response === "dropping") return;
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
        if (event.head.kind !== "request") throw new TypeError("a response head sent in the client role");
        return this.#sendHead(event.head, event.end);
      case "data":
      case "trailers":
        return this.#sendBody(event);
      case "reset":
        return this.#abort();
    }
  }

  openStream(): number | null {
    if (!this.canOpen) return null;
    this.#request = "opened";
    return ++this.#stream;
  }

  consume(stream: number, credit: number): void {
    if (stream === this.#stream) this.#reader.consume(credit);
  }

  capacity(_stream: number): number {
    return Math.max(0, this.#limits.outputHighWater - this.output.length);
  }

  /** After a 101 or a 2xx answer to CONNECT has been reported. */
  tunnel(stream: number): void {
    if (this.#isOver(stream)) return;
    if (this.#response !== "switching") throw new Error("tunnel() without 101 or 2xx to CONNECT");
    this.#request = "tunnel";
    this.#response = "tunnel";
    this.#writer.beginRaw();
  }

  shutdown(): void {
    this.#last = true;
    if (this.#request === "none") this.#close();
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
    switch (this.#response) {
      case "none":
      case "over":
        return this.#readUnasked();
      case "head":
        return this.#readHead();
      case "body":
        return this.#readBody();
      case "switching":
        return null;
      case "tunnel":
        return this.#readTunnel();
      case "dropping":
        this.#reader.discard();
        return this.#ended ? this.#sayEnded() : null;
    }
  }

  /** No response is due: only the end may come. */
  #readUnasked(): HttpEvent | Signal | null {
    if (this.#reader.input.length > 0) {
      // RFC 9112, 9.2: a response without a request can only be meant for another one.
      const message = "The server sent bytes that answer no request";
      const fault = connectionFault("server", "unexpected-response", message, "RFC 9112, 9.2");
      const opened = this.#request === "opened";
      this.#close();
      return opened ? { kind: "reset", stream: this.#stream, fault } : { kind: "fault", fault };
    }
    if (!this.#ended) return null;
    if (this.#request !== "opened") {
      this.#close();
      return this.#sayEnded();
    }
    this.#endedSaid = true;
    return this.#reset(noResponse());
  }

  #readHead(): HttpEvent | Signal | null {
    const text = this.#reader.readHead();
    if (text === null) return this.#ended ? this.#endInHead() : null;
    if (typeof text !== "string") return this.#reset(text);
    const head = parseResponseHead(text, this.#reader.lines);
    if (!("fields" in head)) return this.#reset(head);
    const decision = decideFraming(head, this.#method);
    if ("scope" in decision) return this.#reset(decision);
    if (decision.note !== null) this.#reader.note(decision.note);
    head.framing = decision.framing;
    head.contentLength = decision.contentLength;
    if (isInterim(head)) return this.#interim(head);
    if (head.status === 101) return this.#switching(head);
    if (this.#key !== null && head.status < 300) return this.#noWebSocket(head);
    if (this.#method === "CONNECT" && head.status < 300) {
      this.#response = "switching";
      return { kind: "head", stream: this.#stream, head, end: false };
    }
    this.#persists &&= decision.framing !== "close" && wantsPersistence(head.version, head.fields);
    const hasBody = this.#reader.beginBody(decision);
    if (hasBody) this.#response = "body";
    else this.#responseOver();
    return { kind: "head", stream: this.#stream, head, end: !hasBody };
  }

  #interim(head: ResponseHead): HttpEvent {
    if (++this.#interims > this.#limits.interimResponses) {
      const message = `More than ${this.#limits.interimResponses} interim responses`;
      return this.#reset(
        connectionFault("server", "too-many-interim-responses", message, "limit: interim responses"),
      );
    }
    this.#reader.beginHead("response");
    return { kind: "head", stream: this.#stream, head, end: false };
  }

  /** RFC 9110, 7.8: only to what was asked for, and only once the request is complete. */
  #switching(head: ResponseHead): HttpEvent {
    if (this.#protocol === null) {
      const message = "The server switches protocols unasked";
      return this.#reset(connectionFault("server", "unsolicited-101", message, "RFC 9110, 7.8"));
    }
    if (this.#request !== "complete") {
      const message = "The server switches protocols before the request is complete";
      return this.#reset(connectionFault("server", "early-101", message, "RFC 9110, 7.8"));
    }
    const flaw = this.#key === null ? null : handshakeFlaw(head, this.#key);
    if (flaw !== null) {
      return this.#reset(connectionFault("server", flaw.code, flaw.message, "RFC 6455, 4.1"));
    }
    this.#response = "switching";
    return { kind: "head", stream: this.#stream, head, end: false };
  }

  /** RFC 8441, 5: in HTTP/2 the status would say that there is one. */
  #noWebSocket({ status }: ResponseHead): HttpEvent {
    const message = `The server answered the WebSocket handshake with ${status} instead of 101`;
    return this.#reset(connectionFault("server", "no-websocket", message, "RFC 8441, 5"));
  }

  #readBody(): HttpEvent | null {
    const event = this.#reader.readBody(this.#stream, this.#ended);
    if (event === null) return null;
    if (event.kind === "reset") {
      if (event.fault.code === "truncated") this.#endedSaid = true;
      this.#close();
    } else if (event.kind === "trailers" || (event.kind === "data" && event.end)) {
      this.#responseOver();
    }
    return event;
  }

  #readTunnel(): HttpEvent | null {
    if (this.#endedSaid) return null;
    const event = this.#reader.readRaw(this.#stream, this.#ended);
    if (event !== null && event.kind === "data" && event.end) this.#endedSaid = true;
    return event;
  }

  #endInHead(): HttpEvent {
    this.#endedSaid = true;
    if (!this.#reader.started) return this.#reset(noResponse());
    return this.#reset(this.#reader.truncated("The connection ended in the middle of a response head"));
  }

  #sayEnded(): Signal | null {
    if (this.#endedSaid) return null;
    this.#endedSaid = true;
    return { kind: "ended" };
  }

  #reset(fault: ProtocolFault): HttpEvent {
    this.#close();
    return { kind: "reset", stream: this.#stream, fault };
  }

  #isOver(stream: number): boolean {
    return stream !== this.#stream || this.#request === "none" || this.#request === "over" || this.#aborted ||
      this.#response === "dropping";
  }

  #sendHead(asked: RequestHead, end: boolean): void {
    if (this.#request !== "opened") throw new Error("a second request head");
    const key = this.#newKey !== null && isWebSocketConnect(asked) ? this.#newKey() : null;
    const head = key === null ? asked : webSocketUpgrade(asked, key);
    const wire = requestWireFraming(head, end);
    const text = requestHeadText(head, this.#own, wire);
    this.#writer.begin(text, wire, end);
    this.#method = head.method;
    this.#protocol = head.protocol;
    this.#key = key;
    this.#interims = 0;
    this.#persists = this.#own || head.version === "HTTP/2.0"
      ? head.version !== "HTTP/1.0"
      : wantsPersistence(head.version, head.fields);
    this.#reader.outstanding = 0;
    this.#reader.beginHead("response");
    this.#response = "head";
    this.#request = end ? "complete" : "body";
  }

  #sendBody(event: HttpEvent & { kind: "data" | "trailers" }): void {
    if (this.#request === "complete") {
      throw new Error("data after the end of a request");
    }
    if (this.#request === "opened") throw new Error("data before a request head");
    try {
      if (event.kind === "trailers") this.#writer.trailers(event.fields, event.extension);
      else this.#writer.data(event.data, event.extension, event.end);
    } catch (error) {
      // Our mistake; but the server must not take half a message for a whole one.
      this.#abort();
      throw error;
    }
    if (event.kind === "trailers" || event.end) this.#requestEnded();
  }

  #requestEnded(): void {
    if (this.#request === "tunnel") {
      this.#request = "over";
      this.#closing = true;
      return;
    }
    this.#request = "complete";
    if (this.#response === "over") this.#exchangeOver();
  }

  #responseOver(): void {
    this.#response = "over";
    if (this.#request === "complete") this.#exchangeOver();
  }

  #exchangeOver(): void {
    this.#request = "none";
    this.#response = "none";
    this.#reader.outstanding = 0;
    if (!this.#persists || this.#last) this.#close();
  }

  #close(): void {
    this.#closing = true;
    this.#response = "dropping";
    this.#reader.discard();
  }

  #abort(): void {
    this.#aborted = true;
    this.#close();
  }
}

function noResponse(): ProtocolFault {
  return connectionFault("server", "no-response", "The server closed without a response", "RFC 9112, 9.5");
}
