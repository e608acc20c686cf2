// HTTP/2 in the server role: the client leg (RFC 9113, 8). Reads requests, writes responses, promises pushes.
//
// A request comes as a head, data and trailers on the client's stream. CONNECT is a head with `end`: what follows on
// its stream is a tunnel, kept until `tunnel()` opens it. A request whose header list is over the limit is a `reset`
// that may still be answered. What a client goes on sending after an answer that needs no more of it is told to stop
// by RST_STREAM(NO_ERROR) where the request was over for us, else it is read and given to whoever takes it.
// A 101 of HTTP/1 answers an extended CONNECT as 200 (RFC 8441, 5).
//
// `closing` turns true after a connection fault, and when the last stream is over after `shutdown()`, the client's
// GOAWAY or its end. Streams whose requests were complete are answered also after the end.

import type { HeaderBlock } from "../hpack/header_block.ts";
import type { HttpEvent, HttpServerConnection, Offers } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import { isInterim, type RequestHead, type ResponseHead } from "../http/head.ts";
import { acceptedConnect } from "../http/websocket.ts";
import { Http2Connection } from "./connection.ts";
import { DataQueue } from "./data_queue.ts";
import { connectionFault, ERROR_CODES, errorNumber, streamFault } from "./error_codes.ts";
import { DEFAULT_WINDOW_SIZE, SETTING } from "./frame_types.ts";
import { writeRequestHead, writeResponseHead } from "./head_writer.ts";
import type { BlockUnderWay } from "./header_block_reader.ts";
import type { Http2Options } from "./limits.ts";
import { readRequestHead } from "./request_reader.ts";
import type { Http2Stream } from "./stream.ts";
import { readTrailers } from "./trailers_reader.ts";

export interface Http2ServerOptions extends Http2Options {
  /** RFC 7540, 3.2: the request that asked for HTTP/2, and its HTTP2-Settings, decoded. It is stream 1. */
  upgraded?: { settings: Uint8Array; head: RequestHead };
  /** RFC 8441, 3: CONNECT with :protocol is offered from the start; else once `offer` says so. */
  extendedConnect?: boolean;
}

export class Http2Server extends Http2Connection implements HttpServerConnection {
  /** RFC 8441: whether CONNECT with :protocol has been offered. */
  #extendedConnect = false;
  #clientSettingsSeen = false;
  /** After an upgrade: the connection's window is kept back. */
  #awaitsPreface = false;

  constructor(options: Http2ServerOptions) {
    super("server", options);
    this.#extendedConnect = options.extendedConnect === true;
    this.sendFirstSettings([
      [SETTING.MAX_CONCURRENT_STREAMS, this.limits.concurrentStreams],
      ...this.#extendedConnect ? [[SETTING.ENABLE_CONNECT_PROTOCOL, 1] as const] : [],
    ]);
    if (options.upgraded !== undefined) this.#upgrade(options.upgraded);
  }

  get canOpen(): false {
    return false;
  }

  openStream(): null {
    return null;
  }

  /** Streams share the transport: a tunnel stays a stream. */
  detach(): null {
    return null;
  }

  offer(offers: Offers): void {
    // RFC 8441, 3: once offered, it stays.
    if (!offers.extendedConnect || this.#extendedConnect || this.closing) return;
    this.#extendedConnect = true;
    this.sendSettings([[SETTING.ENABLE_CONNECT_PROTOCOL, 1]]);
  }

  push(parent: number, head: RequestHead): number | null {
    const stream = this.streams.get(parent);
    const mayPush = this.settings.enablePush && !this.isLeaving && !this.closing &&
      this.streams.ownActive < this.settings.maxConcurrentStreams && !this.streams.isExhausted;
    // RFC 9113, 6.6: only on a stream of the client's that is open or half-closed (remote) for us.
    if (
      !mayPush || !this.streams.isPeers(parent) ||
      (stream?.state !== "open" && stream?.state !== "half-closed (remote)")
    ) return null;
    // Checked before the stream is made: it throws on a head that cannot be sent.
    writeRequestHead(head, { own: this.own, extendedConnect: false, scheme: "https" }, this.encoder);
    const promised = this.streams.openOwn(this.settings.initialWindowSize, 0);
    promised.state = "reserved (local)";
    promised.isDeaf = true;
    promised.method = head.method;
    this.writer.pushPromise(parent, promised.id, this.encoder.finish());
    return promised.id;
  }

  prioritize(): void {}

  protected sendHead(stream: Http2Stream, event: HttpEvent & { kind: "head" }): void {
    const { head: answer, end } = event;
    if (answer.kind !== "response") throw new TypeError("a request head sent in the server role");
    if (stream.headSent) throw new Error("a second response head");
    const head = answer.status === 101 && stream.tunnel === "awaited" ? acceptedConnect(answer) : answer;
    const interim = isInterim(head);
    writeResponseHead(head, this.own, this.encoder, stream.method);
    const block = this.encoder.finish();
    const opensTunnel = this.#opensTunnel(stream, head);
    const ends = end && !interim;
    this.writer.headers(stream.id, block, ends, null);
    this.guard.payload(block.length);
    if (interim) return;
    stream.headSent = true;
    this.advance(stream, "send HEADERS");
    if (stream.tunnel === "awaited" && !opensTunnel) this.#refuseTunnel(stream);
    if (ends) this.endSent(stream);
  }

  protected sendingEnded(stream: Http2Stream): void {
    // Nobody has opened it: it was a whole answer, given in the server's place.
    if (stream.tunnel === "awaited") this.#refuseTunnel(stream);
    // RFC 9113, 8.1: the answer is complete, and no more of the request is wanted.
    if (stream.state === "half-closed (local)" && stream.isDeaf) {
      this.resetByUs(stream.id, ERROR_CODES.NO_ERROR);
    }
  }

  protected readHeaders(block: HeaderBlock, under: BlockUnderWay): void {
    const { stream: id } = under;
    const stream = this.streams.get(id);
    if (stream !== undefined) return this.#readTrailers(stream, block, under.end);
    // RFC 9113, 5.1.1
    if (!this.streams.isPeers(id)) {
      return this.protocolError(`A client cannot open stream ${id}`, "RFC 9113, 5.1.1");
    }
    // RFC 9113, 6.8: it came after our GOAWAY; nobody has acted on it, it may be sent again elsewhere.
    if (this.isLeaving) return this.resetByUs(id, ERROR_CODES.REFUSED_STREAM);
    if (this.streams.peerActive >= this.limits.concurrentStreams) {
      const message = `More than ${this.limits.concurrentStreams} requests at once`;
      return this.streamError(id, "REFUSED_STREAM", message, "RFC 9113, 5.1.2");
    }
    this.#openRequest(block, under);
  }

  protected override prefaceRead(): void {
    if (!this.#awaitsPreface) return;
    this.#awaitsPreface = false;
    this.scheduler.connectionWindowUpdate(DEFAULT_WINDOW_SIZE);
  }

  protected readPromise(): void {
    this.protocolError("PUSH_PROMISE from a client", "RFC 9113, 8.4");
  }

  protected readGoaway(): void {
    // RFC 9113, 6.8: the client takes no pushes any more; its requests go on.
    this.isLeaving = true;
    this.closeIfDone();
  }

  protected settingsChanged(before: { enablePush: boolean }): void {
    const { enablePush } = this.settings;
    if (this.#clientSettingsSeen && enablePush === before.enablePush) return;
    this.#clientSettingsSeen = true;
    this.say({ kind: "offers", offers: { push: enablePush, extendedConnect: false } });
  }

  protected survivesEnd(stream: Http2Stream): boolean {
    return stream.state === "half-closed (remote)" || stream.state === "reserved (local)";
  }

  protected goneFault(): ProtocolFault {
    return connectionFault(
      "client",
      "CANCEL",
      "The client closed before the request was complete",
      "RFC 9113, 5.1",
    );
  }

  protected numberOf(fault: ProtocolFault, { tunnel }: Http2Stream): number {
    // RFC 8441, 5: CANCEL stands for the reset of a TCP connection.
    return errorNumber(fault, tunnel === "open" ? "CANCEL" : "INTERNAL_ERROR");
  }

  #openRequest(block: HeaderBlock, under: BlockUnderWay): void {
    const { stream: id, end, priority } = under;
    const head = block.truncated ? null : readRequestHead(block, end, this.#extendedConnect);
    if (head !== null && head.kind === "malformed") {
      return this.streamError(id, "PROTOCOL_ERROR", head.message, head.rule);
    }
    const stream = this.#open(id);
    if (head === null) this.#tooLarge(stream);
    else {
      stream.method = head.method;
      stream.headSaid = true;
      stream.expected = head.contentLength;
      if (head.method === "CONNECT") {
        stream.tunnel = "awaited";
        stream.held = new DataQueue();
        stream.heldEnd = end;
      } else if (!end) this.windows.opened(stream, this.streams.active - 1);
      this.say({
        kind: "head",
        stream: id,
        head,
        end: end || head.method === "CONNECT",
        ...(priority !== null && this.forwardsPriority ? { priority } : {}),
      });
      this.openedPrioritized(id);
    }
    if (end) this.receivingEnded(stream);
  }

  #open(id: number): Http2Stream {
    const stream = this.streams.openPeers(id, this.settings.initialWindowSize, this.limits.streamWindow);
    this.advance(stream, "receive HEADERS");
    return stream;
  }

  /** RFC 9113, 10.5.1: answered with 431; the connection's table is right, and goes on. */
  #tooLarge(stream: Http2Stream): void {
    stream.isDeaf = true;
    const message =
      `A header list of more than ${this.limits.headerListSize} bytes or ${this.limits.fields} fields`;
    const fault = streamFault("client", "ENHANCE_YOUR_CALM", message, "limit: header list size");
    this.say({ kind: "reset", stream: stream.id, fault: { ...fault, status: 431, answerable: true } });
  }

  #readTrailers(stream: Http2Stream, block: HeaderBlock, end: boolean): void {
    const { id } = stream;
    if (stream.isDeaf) {
      if (end) this.receivingEnded(stream);
      return;
    }
    // RFC 9113, 8.1
    if (!end) {
      return this.streamError(id, "PROTOCOL_ERROR", "A second HEADERS without END_STREAM", "RFC 9113, 8.1");
    }
    if (stream.tunnel !== "none") {
      return this.streamError(id, "PROTOCOL_ERROR", "HEADERS in a tunnel", "RFC 9113, 8.5");
    }
    if (block.truncated) {
      return this.streamError(id, "ENHANCE_YOUR_CALM", "Trailers are too large", "limit: header list size");
    }
    const fields = readTrailers(block, "client", []);
    if ("kind" in fields) return this.streamError(id, "PROTOCOL_ERROR", fields.message, fields.rule);
    if (stream.expected !== null && stream.expected > 0) {
      const message = "Content of another length than Content-Length says";
      return this.streamError(id, "PROTOCOL_ERROR", message, "RFC 9113, 8.1.1");
    }
    this.say({ kind: "trailers", stream: id, fields });
    this.receivingEnded(stream);
  }

  /** RFC 9113, 8.5 */
  #opensTunnel(stream: Http2Stream, { status }: ResponseHead): boolean {
    return stream.tunnel === "awaited" && status >= 200 && status < 300;
  }

  /** An ordinary answer to CONNECT: what came for the tunnel is dropped. */
  #refuseTunnel(stream: Http2Stream): void {
    this.windows.consume(stream, stream.held?.length ?? 0);
    stream.held = null;
    stream.tunnel = "none";
    stream.isDeaf = true;
  }

  // RFC 7540, 3.2.1: the first request, complete, on stream 1.
  #upgrade({ settings, head }: { settings: Uint8Array; head: RequestHead }): void {
    this.presetSettings(settings);
    // No DATA before the client's preface shows that it has seen the 101: curl fails on more than it has room for behind it.
    this.scheduler.connectionWindowUpdate(-DEFAULT_WINDOW_SIZE);
    this.#awaitsPreface = true;
    const stream = this.#open(1);
    stream.method = head.method;
    stream.headSaid = true;
    this.say({ kind: "head", stream: 1, head, end: true });
    this.receivingEnded(stream);
  }
}
