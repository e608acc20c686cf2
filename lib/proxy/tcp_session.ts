// Raw TCP: bytes both ways at once, each chunk a message of the flow; and, with no record at all, what --ignore
// lets through.
// Invariants: a half-close goes through as one; a reset on one side is a reset on the other; a reader that does not
// take its bytes stops the sender, at most HIGH_WATER bytes are held a direction (or what a hook holds).

import { OutBuffer } from "../bytes/out_buffer.ts";
import type { ConnectionRecord, TcpFlow } from "../flow/record.ts";
import type { MessageControl } from "../hooks/hooks.ts";
import type { Deadline } from "../net/deadlines.ts";
import type { Transport, TransportFault } from "../net/transport.ts";
import { howClosed } from "./closing_words.ts";
import { now, type ProxyContext } from "./context.ts";
import { type MessageEdit, MessageTap } from "./message_tap.ts";

/** Bytes waiting for a slow reader before its sender is stopped. */
const HIGH_WATER = 128 * 1024;
/** After both directions ended, how long the transports may take to close by themselves, in milliseconds. */
const LINGER_TIME = 2_000;

export interface TcpEnds {
  client: Transport;
  server: Transport;
  serverRecord: ConnectionRecord;
}

export class TcpSession {
  readonly #context: ProxyContext;
  readonly #flow: TcpFlow | null;
  readonly #tap: MessageTap | null;
  readonly #fromClient: Direction;
  readonly #fromServer: Direction;
  readonly #deadline: Deadline;
  readonly #onOver: () => void;
  #waiting = 0;
  #open = 2;
  #over = false;
  #closedCount = 0;

  /** `flow` null: nothing is recorded and no hook sees it. */
  constructor(context: ProxyContext, ends: TcpEnds, flow: TcpFlow | null, onOver: () => void) {
    this.#context = context;
    this.#flow = flow;
    this.#onOver = onOver;
    this.#tap = flow === null ? null : new MessageTap(flow, context.store, context.settings.captureLimit);
    this.#deadline = context.deadlines.create(() => this.#expired());
    this.#fromClient = new Direction(
      ends.client,
      ends.server,
      (data) => this.#chunk(data, true),
      () => this.#ended(),
    );
    this.#fromServer = new Direction(
      ends.server,
      ends.client,
      (data) => this.#chunk(data, false),
      () => this.#ended(),
    );
    if (flow !== null) flow.server = ends.serverRecord;
  }

  start(): void {
    this.#deadline.set(this.#context.settings.stallTimeout);
    const { client, server } = { client: this.#fromClient, server: this.#fromServer };
    if (this.#flow !== null) {
      this.#context.store.add(this.#flow);
      this.#context.running.begin(this.#flow, this);
      const held = this.#context.hooks.run("tcpStart", this.#flow, this.#control(null));
      if (held !== null) {
        client.hold(this.#holding(held));
        server.hold(this.#holding(held));
      }
      // Killed already: nothing that is held may be delivered.
      if (this.#over) return;
    }
    client.source.attach({
      data: (chunk) => client.data(chunk),
      end: (clean) => {
        this.#closedBy("client");
        client.end(clean);
      },
      closed: (fault) => this.#closed(fault, true),
    });
    server.source.attach({
      data: (chunk) => server.data(chunk),
      end: (clean) => {
        this.#closedBy("server");
        server.end(clean);
      },
      closed: (fault) => this.#closed(fault, false),
    });
  }

  /** Ends it now, from a person or a hook: both sides see a reset. */
  kill(): void {
    if (this.#flow !== null && !this.#over) this.#flow.killed = true;
    this.#abort("killed", "killed by a hook");
  }

  /** Ends it now, because the proxy stops. */
  stop(): void {
    this.#abort("stopped", "mitm was stopped");
  }

  #abort(code: string, message: string): void {
    if (this.#over) return;
    if (this.#flow !== null) this.#flow.error ??= { at: now(), message, by: "proxy", code, rule: null };
    this.#finish(true);
  }

  /** A chunk: what to forward of it, now or later. */
  #chunk(data: Uint8Array, fromClient: boolean): Uint8Array | Promise<Uint8Array> {
    // What waited behind a hold is no message of a flow that has ended.
    if (this.#over) return new Uint8Array(0);
    this.#deadline.set(this.#context.settings.stallTimeout);
    if (this.#flow === null || this.#tap === null) return data;
    const { hooks } = this.#context;
    const shown = hooks.has("tcpMessage");
    const message = this.#tap.record(fromClient, data, false, shown);
    if (!shown) return data;
    const edit: MessageEdit = { content: null, dropped: false };
    const held = hooks.run("tcpMessage", this.#flow, message, this.#control(edit));
    const tap = this.#tap;
    if (held === null) return tap.apply(message, edit, data);
    const copy = data.slice();
    return this.#holding(held).then(() => tap.apply(message, edit, copy));
  }

  async #holding(held: Promise<void>): Promise<void> {
    this.#waiting++;
    if (this.#flow !== null) this.#flow.held = true;
    await held;
    this.#waiting--;
    if (this.#flow !== null) this.#flow.held = this.#waiting > 0;
  }

  #control(edit: MessageEdit | null): MessageControl {
    return {
      replace: (content) => {
        if (edit !== null) edit.content = content;
      },
      drop: () => {
        if (edit !== null) edit.dropped = true;
      },
      inject: (toClient, content) => {
        const direction = toClient ? this.#fromServer : this.#fromClient;
        if (this.#over || direction.isOver) return;
        this.#tap?.record(!toClient, content, true);
        direction.inject(content);
      },
      kill: () => this.kill(),
    };
  }

  #closedBy(who: TcpFlow["closedBy"]): void {
    if (this.#flow !== null) this.#flow.closedBy ??= who;
  }

  /** One direction is over: its end has been passed on. */
  #ended(): void {
    this.#open--;
    if (this.#open > 0 || this.#over) return;
    this.#settle();
    // Both ends said goodbye: TLS's close_notify may still be on its way out.
    this.#deadline.set(LINGER_TIME);
  }

  #closed(fault: TransportFault | null, client: boolean): void {
    this.#closedCount++;
    if (this.#closedCount === 2) this.#deadline.cancel();
    if (this.#over) return;
    const [source, sink] = client
      ? [this.#fromClient, this.#fromServer]
      : [this.#fromServer, this.#fromClient];
    // It has said and heard all there was; what it said last may still be on its way.
    if (fault === null && source.hasEnded && sink.isOver) return;
    const torn = fault !== null;
    if (torn && this.#flow !== null) {
      const who = client ? "the client" : "the server";
      this.#flow.error ??= {
        at: now(),
        message: `${who} ${howClosed(fault)}`,
        by: client ? "client" : "server",
        code: fault.code,
        rule: null,
      };
    }
    this.#finish(torn);
  }

  #expired(): void {
    if (this.#over) return this.#closeBoth(false);
    const { stallTimeout } = this.#context.settings;
    if (this.#waiting > 0) return this.#deadline.set(stallTimeout);
    this.#abort("stalled", `nothing moved for ${stallTimeout / 1000} s (--stall-timeout): closed`);
  }

  #finish(reset: boolean): void {
    if (this.#over) return;
    this.#closeBoth(reset);
    this.#settle();
  }

  #closeBoth(reset: boolean): void {
    this.#deadline.cancel();
    for (const transport of [this.#fromClient.source, this.#fromServer.source]) {
      if (reset) transport.reset();
      else transport.close();
    }
  }

  /** The conversation is over. */
  #settle(): void {
    this.#over = true;
    if (this.#flow !== null) {
      this.#flow.endedAt = now();
      this.#flow.closedBy ??= this.#flow.error?.by ?? null;
      this.#flow.held = false;
      this.#context.store.end(this.#flow);
      this.#context.running.end(this.#flow);
      this.#context.hooks.run("tcpEnd", this.#flow);
    }
    this.#onOver();
  }
}

/** Bytes of one side on their way to the other. */
class Direction {
  readonly source: Transport;
  readonly #sink: Transport;
  readonly #chunk: (data: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  readonly #onEnd: () => void;
  readonly #output = new OutBuffer();
  #queue: Promise<void> | null = null;
  #queued = 0;
  #paused = false;
  #ending: { clean: boolean } | null = null;
  #hasEnded = false;
  #isOver = false;

  constructor(
    source: Transport,
    sink: Transport,
    chunk: (data: Uint8Array) => Uint8Array | Promise<Uint8Array>,
    onEnd: () => void,
  ) {
    this.source = source;
    this.#sink = sink;
    this.#chunk = chunk;
    this.#onEnd = onEnd;
  }

  /** The source has sent all it will. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The end has been passed on: nothing goes this way any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  data(chunk: Uint8Array): boolean {
    if (this.#queue === null) {
      const forward = this.#chunk(chunk);
      if (forward instanceof Uint8Array) this.#append(forward);
      else this.hold(forward.then((bytes) => this.#append(bytes)));
    } else {
      // Behind a held message everything waits, in order.
      const copy = chunk.slice();
      this.hold(this.#queue.then(() => this.#chunk(copy)).then((bytes) => this.#append(bytes)));
    }
    this.#paused = this.#isFull();
    return !this.#paused;
  }

  end(clean: boolean): void {
    this.#hasEnded = true;
    this.#ending = { clean };
    this.#endIfDone();
  }

  inject(content: Uint8Array): void {
    this.#append(content);
  }

  /** Nothing goes on before `work` is done. */
  hold(work: Promise<void>): void {
    this.#queued++;
    const turn: Promise<void> = work.then(() => {
      this.#queued--;
      if (this.#queue === turn) this.#queue = null;
      this.#resumeIfRoom();
      this.#endIfDone();
    });
    this.#queue = turn;
  }

  #isFull(): boolean {
    return this.#queued > 0 || this.#output.length >= HIGH_WATER;
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#sink.isClosed) return;
    this.#output.append(bytes);
    this.#flush();
  }

  #flush(): void {
    const bytes = this.#output.take();
    if (bytes !== null) this.#sink.write(bytes, this.#written);
  }

  readonly #written = (): void => {
    this.#output.release();
    this.#flush();
    this.#resumeIfRoom();
    this.#endIfDone();
  };

  #resumeIfRoom(): void {
    if (!this.#paused || this.#isFull()) return;
    this.#paused = false;
    this.source.resume();
  }

  #endIfDone(): void {
    if (this.#ending === null || this.#queued > 0 || this.#output.length > 0) return;
    const { clean } = this.#ending;
    this.#ending = null;
    this.#isOver = true;
    this.#sink.end(clean);
    this.#onEnd();
  }
}
