// HTTP/2 in the client role: the server leg (RFC 9113, 8). Writes requests, reads responses and pushes.
//
// `openStream()` gives the id its request will have on the wire; the head must be sent next. A response comes as
// interim heads, a head, data and trailers; it may come before the request is complete, and be complete before.
// An Upgrade of HTTP/1 to a WebSocket goes out as extended CONNECT where the server has offered that (RFC 8441).
// Streams above the last id of a GOAWAY get a `reset` with REFUSED_STREAM: nobody has acted on them (RFC 9113, 6.8).
//
// `closing` turns true after a connection fault, and when the last stream is over after `shutdown()`, the server's
// GOAWAY or its end.

import type { HeaderBlock } from "../hpack/header_block.ts";
import type { HttpEvent, Offers } from "../http/connection.ts";
import type { ProtocolFault } from "../http/fault.ts";
import { isInterim, type ResponseHead } from "../http/head.ts";
import type { StreamPriority } from "../http/priority.ts";
import { isWebSocketUpgrade } from "../http/websocket.ts";
import { Http2Connection } from "./connection.ts";
import { DataQueue } from "./data_queue.ts";
import {
  connectionFault,
  ERROR_CODES,
  type ErrorCode,
  errorName,
  errorNumber,
  streamFault,
} from "./error_codes.ts";
import type { HeadNote } from "./head_fault.ts";
import { PREFACE, SETTING } from "./frame_types.ts";
import { writeRequestHead } from "./head_writer.ts";
import type { BlockUnderWay } from "./header_block_reader.ts";
import type { Http2Options } from "./limits.ts";
import { readRequestHead } from "./request_reader.ts";
import { readResponseHead } from "./response_reader.ts";
import type { Http2Stream } from "./stream.ts";
import { isClosed, STREAM_STATES } from "./stream_states.ts";
import { readTrailers } from "./trailers_reader.ts";

export class Http2Client extends Http2Connection {
  readonly #scheme: "http" | "https";
  #pushOffered = false;
  /** Whether a push may come: it was offered, and that was not taken back and acknowledged. */
  #mayPush = false;
  /** Acknowledgements until pushes are off at the server, too. */
  #pushOffAfter = 0;
  #serverSettingsSeen = false;
  #lastGoaway = Infinity;

  constructor(options: Http2Options) {
    super("client", options);
    this.#scheme = options.scheme ?? "https";
    this.output.appendText(PREFACE);
    this.sendFirstSettings([
      [SETTING.ENABLE_PUSH, 0],
      [SETTING.MAX_CONCURRENT_STREAMS, this.limits.pushedStreams],
    ]);
  }

  get canOpen(): boolean {
    return !this.isLeaving && !this.closing && !this.streams.isExhausted &&
      this.streams.ownActive < this.settings.maxConcurrentStreams;
  }

  openStream(): number | null {
    if (!this.canOpen) return null;
    return this.streams.openOwn(this.settings.initialWindowSize, this.limits.streamWindow).id;
  }

  offer(offers: Offers): void {
    if (offers.push === this.#pushOffered || this.closing) return;
    this.#pushOffered = offers.push;
    this.sendSettings([[SETTING.ENABLE_PUSH, offers.push ? 1 : 0]]);
    if (offers.push) this.#mayPush = true;
    else this.#pushOffAfter = this.unacknowledged;
  }

  push(): null {
    return null;
  }

  prioritize(id: number, priority: StreamPriority): void {
    if (!this.forwardsPriority || this.closing) return;
    // Of streams that are gone nobody needs to know; one that is not open yet carries its own.
    const stream = this.streams.get(id);
    if (stream === undefined || isClosed(stream.state) || stream.state === "idle") return;
    if (priority.kind === "update") this.writer.priorityUpdate(id, priority.value);
    else if (priority.on !== id) this.writer.priority(id, priority);
  }

  protected sendHead(stream: Http2Stream, event: HttpEvent & { kind: "head" }): void {
    const { head, end, priority } = event;
    if (head.kind !== "request") throw new TypeError("a response head sent in the client role");
    if (stream.headSent) throw new Error("a second request head");
    const extendedConnect = this.settings.enableConnectProtocol;
    writeRequestHead(head, { own: this.own, extendedConnect, scheme: this.#scheme }, this.encoder);
    const block = this.encoder.finish();
    // RFC 8441, 5: an Upgrade of HTTP/1 to a WebSocket has become a CONNECT.
    stream.method = extendedConnect && isWebSocketUpgrade(head) ? "CONNECT" : head.method;
    stream.headSent = true;
    const isTunnel = stream.method === "CONNECT";
    if (isTunnel) stream.tunnel = "awaited";
    const ends = end && !isTunnel;
    const dependency = this.forwardsPriority && priority?.kind === "dependency" && priority.on !== stream.id
      ? priority
      : null;
    this.writer.headers(stream.id, block, ends, dependency);
    this.guard.payload(block.length);
    this.advance(stream, "send HEADERS");
    // A response is expected; without one the window costs 13 bytes.
    if (head.method !== "HEAD") this.windows.opened(stream, this.streams.active - 1);
    if (ends) this.endSent(stream);
  }

  protected sendingEnded(): void {}

  protected override settingsAcknowledged(): void {
    super.settingsAcknowledged();
    if (this.#pushOffAfter === 0 || --this.#pushOffAfter > 0) return;
    this.#mayPush = this.#pushOffered;
  }

  protected override receivingEnded(stream: Http2Stream): void {
    super.receivingEnded(stream);
    // CONNECT was answered like any request: our side, left open for the tunnel, ends as well.
    if (stream.method !== "CONNECT" || stream.tunnel !== "none") return;
    if (stream.state === "half-closed (remote)") this.scheduler.data(stream, this.noData, true);
  }

  protected readHeaders(block: HeaderBlock, under: BlockUnderWay): void {
    const { stream: id, end } = under;
    const stream = this.streams.get(id);
    if (stream === undefined || stream.state === "idle") {
      return this.protocolError(`HEADERS on stream ${id}, which was not opened`, "RFC 9113, 5.1");
    }
    if (stream.isDeaf) {
      if (end) this.receivingEnded(stream);
      return;
    }
    // RFC 9113, 8.5
    if (stream.tunnel === "open" || stream.held !== null) {
      return this.streamError(id, "PROTOCOL_ERROR", "HEADERS in a tunnel", "RFC 9113, 8.5");
    }
    if (block.truncated) {
      const message =
        `A header list of more than ${this.limits.headerListSize} bytes or ${this.limits.fields} fields`;
      return this.streamError(id, "ENHANCE_YOUR_CALM", message, "limit: header list size");
    }
    if (stream.headSaid) this.#readTrailers(stream, block, end);
    else this.#readResponse(stream, block, end);
  }

  protected readPromise(block: HeaderBlock, under: BlockUnderWay): void {
    const { stream: parent, promised } = under;
    const rule = "RFC 9113, 8.4";
    if (promised === null) return;
    if (!this.#mayPush) return this.protocolError("PUSH_PROMISE that was not asked for", rule);
    // RFC 9113, 5.1.1 and 6.6
    if (!this.streams.isPeers(promised) || this.streams.stateOf(promised) !== "idle") {
      return this.protocolError(`Stream ${promised} cannot be promised`, "RFC 9113, 6.6");
    }
    const state = this.streams.stateOf(parent) ?? "closed";
    const outcome = STREAM_STATES[state]["receive PUSH_PROMISE"];
    // On a stream of ours only: what is pushed pushes nothing.
    if (typeof outcome !== "string" || this.streams.isPeers(parent)) {
      return this.protocolError(`PUSH_PROMISE on stream ${parent}, which is ${state}`, "RFC 9113, 6.6");
    }
    const isOpen = outcome !== "ignored";
    if (!isOpen || this.isLeaving || this.streams.peerActive >= this.limits.pushedStreams) {
      return this.#refusePromise(promised, isOpen ? "REFUSED_STREAM" : "CANCEL");
    }
    const head = block.truncated ? null : readRequestHead(block, true, false);
    const isFit = head?.kind === "request" && head.authority !== "" && ["GET", "HEAD"].includes(head.method);
    if (!isFit) {
      // RFC 9113, 8.4: safe, cacheable, without content, and for a server that can be named.
      return this.#refusePromise(promised, "PROTOCOL_ERROR");
    }
    const stream = this.streams.openPeers(promised, 0, this.limits.streamWindow);
    stream.state = "reserved (remote)";
    stream.method = head.method;
    this.say({ kind: "push", parent, stream: promised, head });
  }

  protected readGoaway(lastStream: number, code: number): void {
    // RFC 9113, 6.8
    if (lastStream > this.#lastGoaway) {
      return this.protocolError("The last stream of a second GOAWAY is above the first's", "RFC 9113, 6.8");
    }
    this.#lastGoaway = lastStream;
    this.isLeaving = true;
    this.note("goaway", `The server ends the connection (GOAWAY, ${errorName(code)})`, "RFC 9113, 6.8");
    for (const stream of this.streams.all()) {
      if (this.streams.isPeers(stream.id) || stream.id <= lastStream || isClosed(stream.state)) continue;
      const message = "The server ended the connection before it took the request (GOAWAY)";
      this.drop(stream);
      const fault = streamFault("server", "REFUSED_STREAM", message, "RFC 9113, 6.8");
      this.say({ kind: "reset", stream: stream.id, fault: { ...fault, isReset: true } });
    }
    this.closeIfDone();
  }

  protected settingsChanged(before: { enableConnectProtocol: boolean }): void {
    const { enableConnectProtocol } = this.settings;
    if (this.#serverSettingsSeen && enableConnectProtocol === before.enableConnectProtocol) return;
    this.#serverSettingsSeen = true;
    this.say({ kind: "offers", offers: { push: false, extendedConnect: enableConnectProtocol } });
  }

  protected survivesEnd(): boolean {
    return false;
  }

  protected goneFault(stream: Http2Stream): ProtocolFault {
    const isAnswered = stream.headSaid || stream.interimResponses > 0;
    const message = isAnswered
      ? "The connection ended in the middle of a response"
      : "The server closed without a response";
    const fault = connectionFault("server", "INTERNAL_ERROR", message, "RFC 9113, 5.1");
    return { ...fault, code: isAnswered ? "truncated" : "no-response" };
  }

  protected numberOf(fault: ProtocolFault): number {
    return errorNumber(fault, "CANCEL");
  }

  #readResponse(stream: Http2Stream, block: HeaderBlock, end: boolean): void {
    const notes: HeadNote[] = [];
    const head = readResponseHead(block, end, stream.method, notes);
    this.#tell(notes);
    const { id } = stream;
    if (head.kind === "malformed") return this.streamError(id, "PROTOCOL_ERROR", head.message, head.rule);
    if (stream.state === "reserved (remote)") this.advance(stream, "receive HEADERS");
    if (isInterim(head)) return this.#interim(stream, head);
    stream.headSaid = true;
    const opensTunnel = stream.tunnel === "awaited" && head.status < 300;
    if (opensTunnel) stream.held = new DataQueue();
    else {
      stream.isBodiless = stream.method === "HEAD" || head.status === 204 || head.status === 304;
      stream.expected = stream.isBodiless || stream.tunnel !== "none" ? null : head.contentLength;
      if (stream.tunnel === "awaited") stream.tunnel = "none";
    }
    this.say({ kind: "head", stream: id, head, end: end && !opensTunnel });
    if (!end) return;
    // A tunnel the server opens and ends in one.
    if (opensTunnel) stream.heldEnd = true;
    this.receivingEnded(stream);
  }

  #refusePromise(promised: number, code: ErrorCode): void {
    this.resetByUs(promised, ERROR_CODES[code]);
    this.connectionError(this.guard.reset());
  }

  #interim(stream: Http2Stream, head: ResponseHead): void {
    if (++stream.interimResponses <= this.limits.interimResponses) {
      return this.say({ kind: "head", stream: stream.id, head, end: false });
    }
    const message = `More than ${this.limits.interimResponses} interim responses`;
    this.streamError(stream.id, "ENHANCE_YOUR_CALM", message, "limit: interim responses");
  }

  #readTrailers(stream: Http2Stream, block: HeaderBlock, end: boolean): void {
    const { id } = stream;
    if (!end) {
      return this.streamError(id, "PROTOCOL_ERROR", "A second HEADERS without END_STREAM", "RFC 9113, 8.1");
    }
    const notes: HeadNote[] = [];
    const fields = readTrailers(block, "server", notes);
    this.#tell(notes);
    if ("kind" in fields) return this.streamError(id, "PROTOCOL_ERROR", fields.message, fields.rule);
    if (stream.expected !== null && stream.expected > 0) {
      const message = "Content of another length than Content-Length says";
      return this.streamError(id, "PROTOCOL_ERROR", message, "RFC 9113, 8.1.1");
    }
    this.say({ kind: "trailers", stream: id, fields });
    this.receivingEnded(stream);
  }

  #tell(notes: readonly HeadNote[]): void {
    for (const { code, message, rule } of notes) this.note(code, message, rule);
  }
}
