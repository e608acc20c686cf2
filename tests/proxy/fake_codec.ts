// A codec without a wire: a test says what it reads, sees what it is sent, and sets how much it takes. One class for
// both roles; with `multiplexes` false it takes one stream at a time, like HTTP/1.

import { OutBuffer } from "../../lib/bytes/out_buffer.ts";
import type { HttpEvent, HttpServerConnection, Offers, Signal } from "../../lib/http/connection.ts";
import type { RequestHead } from "../../lib/http/head.ts";
import type { StreamPriority } from "../../lib/http/priority.ts";
import { textOf } from "../net/memory_transport.ts";

interface FakeStream {
  room: number;
  sentEnd: boolean;
  saidEnd: boolean;
}

export class FakeCodec implements HttpServerConnection {
  readonly output = new OutBuffer();
  readonly multiplexes: boolean;
  wantsRead = true;
  closing = false;
  aborted = false;
  readonly headStarted = false;
  /** Streams that may be open at a time. */
  maxStreams: number;
  /** How much a stream takes that was not told otherwise. */
  room = Infinity;
  answersPing = true;
  /** In words: "1 GET /a", "1 200", "1 data abc", "1 end", "1 reset CANCEL". */
  readonly sent: string[] = [];
  /** Credit given back, by stream. */
  readonly consumed = new Map<number, number>();
  readonly prioritized: [stream: number, priority: StreamPriority][] = [];
  readonly offered: Offers[] = [];
  readonly tunnels: number[] = [];
  pings = 0;
  /** What `push` answers. */
  promises: number | null = null;
  readonly #streams = new Map<number, FakeStream>();
  readonly #said: (HttpEvent | Signal)[] = [];
  #nextStream = 1;

  constructor(multiplexes = true) {
    this.multiplexes = multiplexes;
    this.maxStreams = multiplexes ? Infinity : 1;
  }

  // --- The test ---

  /** What it reads next. Touch its driver. */
  say(...events: (HttpEvent | Signal)[]): void {
    this.#said.push(...events);
  }

  /** How much `stream` takes from now on, bytes. */
  setRoom(stream: number, room: number): void {
    this.#stream(stream).room = room;
  }

  get active(): number {
    return this.#streams.size;
  }

  /** All data sent on a stream, joined. */
  dataOf(stream: number): string {
    const start = `${stream} data `;
    return this.sent.filter((text) => text.startsWith(start)).map((text) => text.slice(start.length)).join(
      "",
    );
  }

  // --- HttpConnection ---

  receive(): void {}

  receiveEnd(): void {
    this.say({ kind: "ended" });
  }

  next(): HttpEvent | Signal | null {
    const event = this.#said.shift() ?? null;
    if (event === null) return null;
    if (event.kind === "reset") this.#streams.delete(event.stream);
    else if (event.kind === "trailers" || ((event.kind === "head" || event.kind === "data") && event.end)) {
      this.#stream(event.stream).saidEnd = true;
      this.#settle(event.stream);
    } else if (event.kind === "head") this.#stream(event.stream);
    return event;
  }

  send(event: HttpEvent): void {
    const stream = this.#streams.get(event.stream);
    if (stream === undefined) return;
    const { stream: id } = event;
    switch (event.kind) {
      case "head": {
        const { head, priority } = event;
        const extra = priority?.kind === "dependency" ? ` after ${priority.on}` : "";
        this.sent.push(
          `${id} ${head.kind === "request" ? `${head.method} ${head.path}` : head.status}${extra}`,
        );
        break;
      }
      case "data":
        stream.room -= event.data.length;
        if (event.data.length > 0) this.sent.push(`${id} data ${textOf(event.data)}`);
        break;
      case "trailers":
        this.sent.push(`${id} trailers ${[...event.fields].flat().join(" ")}`);
        break;
      case "reset":
        this.sent.push(`${id} reset ${event.fault.code}`);
        this.#streams.delete(id);
        return;
    }
    if (event.kind !== "trailers" && !event.end) return;
    this.sent.push(`${id} end`);
    stream.sentEnd = true;
    this.#settle(id);
  }

  get canOpen(): boolean {
    return !this.closing && this.#streams.size < this.maxStreams;
  }

  openStream(): number | null {
    if (!this.canOpen) return null;
    const id = this.#nextStream;
    this.#nextStream += 2;
    this.#stream(id);
    return id;
  }

  consume(stream: number, credit: number): void {
    this.consumed.set(stream, (this.consumed.get(stream) ?? 0) + credit);
  }

  capacity(stream: number): number {
    return Math.max(0, this.#streams.get(stream)?.room ?? this.room);
  }

  tunnel(stream: number): void {
    this.tunnels.push(stream);
  }

  shutdown(): void {
    this.closing = true;
  }

  offer(offers: Offers): void {
    this.offered.push(offers);
  }

  push(_parent: number, head: RequestHead): number | null {
    if (this.promises === null) return null;
    this.sent.push(`${this.promises} promise ${head.path}`);
    this.#stream(this.promises).saidEnd = true;
    return this.promises;
  }

  prioritize(stream: number, priority: StreamPriority): void {
    this.prioritized.push([stream, priority]);
  }

  ping(): boolean {
    if (!this.answersPing) return false;
    this.pings++;
    return true;
  }

  detach(): null {
    return null;
  }

  #stream(id: number): FakeStream {
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = { room: this.room, sentEnd: false, saidEnd: false };
      this.#streams.set(id, stream);
    }
    return stream;
  }

  #settle(id: number): void {
    const stream = this.#streams.get(id);
    if (stream?.sentEnd === true && stream.saidEnd) this.#streams.delete(id);
  }
}
