// Listens to the proxy and prints what happens. It never slows the proxy: events are queued, turned into text and
// written between turns of the event loop, one write under way at a time.
// Invariants: the queue is bounded by `QUEUE_EVENTS` and `QUEUE_BYTES`, what does not fit is counted and said; only
// hook points that will be printed are subscribed to, since the proxy skips those nobody listens to.

import { clearImmediate, setImmediate } from "node:timers";
import type { Flow, HttpFlow, TcpFlow, TcpMessage, WebSocketMessage } from "../flow/record.ts";
import type { HookHandler, HookName, Hooks, LogEntry } from "../hooks/hooks.ts";
import { JsonPrinter } from "./event_log_json.ts";
import { TextPrinter } from "./event_log_text.ts";
import type { ByteTotals, ConnectionEvent, Detail, EventPrinter, WebSocketTotals } from "./format_event.ts";
import { shownBytes } from "./format_tcp.ts";
import { shownMessageBytes } from "./format_websocket.ts";

export interface EventLogOptions {
  detail: Detail;
  format: "text" | "json";
  /** Only log entries of level "error". Wins over `verbose`. */
  quiet: boolean;
  /** Connections, TLS and debug entries too. */
  verbose: boolean;
  color: boolean;
  /** Takes whole lines. A promise says when it can take more; when it throws or rejects the log falls silent. */
  write: (text: string) => void | Promise<void>;
  /** False: entries of the log only, whatever the detail. */
  flows?: boolean;
  /** Whether a flow is shown at all; it is asked at each of its lines. */
  shows?: (flow: Flow) => boolean;
  /** The width of the terminal, to cut URLs to; leave it out where the output is none. It is read for each line. */
  columns?: number;
}

export interface EventLog {
  /** Stops listening and writes what is queued, for `CLOSE_TIMEOUT` at most. Never rejects. */
  close(): Promise<void>;
}

/** Events that wait at most: a second or two of heavy traffic. */
export const QUEUE_EVENTS = 16_384;
/** What the waiting events may hold together, in bytes: text, or bodies that are turned into text later. */
export const QUEUE_BYTES = 32 * 1024 * 1024;
/** A write ends with the event that makes it this many characters long: enough to make writes cheap. */
export const BATCH_CHARACTERS = 64 * 1024;
/** A batch ends early after so many milliseconds: decoding bodies must not hold up the traffic. */
export const BATCH_TIME = 5;
/** How long `close()` waits for the writer, in milliseconds: a reader that stopped reading must not keep us here. */
export const CLOSE_TIMEOUT = 1000;

/**
 * Attach it after rules and addons: handlers run in the order they were added, and it shows what they made of a
 * message. Times and sizes are the records'.
 */
export function attachEventLog(hooks: Hooks, options: EventLogOptions): EventLog {
  return new EventLogListener(hooks, options);
}

interface QueuedEvent {
  /** What it keeps in memory, in bytes. */
  weight: number;
  /** Called once, in a later turn. */
  print: () => string;
}

const NOTHING = new Uint8Array(0);

class EventLogListener implements EventLog {
  readonly #hooks: Hooks;
  readonly #options: EventLogOptions;
  readonly #printer: EventPrinter;
  readonly #unsubscribe: (() => void)[] = [];
  /** HTTP flows that turned into something else, until their end is printed. */
  readonly #switched = new WeakMap<HttpFlow, ByteTotals>();
  readonly #webSockets = new WeakMap<HttpFlow, WebSocketTotals>();
  /** Flows that failed, or were switched, and are printed. */
  readonly #done = new WeakSet<HttpFlow | TcpFlow>();

  #queue: QueuedEvent[] = [];
  #next = 0;
  #weight = 0;
  #leftOut = 0;
  #timer: ReturnType<typeof setImmediate> | null = null;
  #writing: Promise<void> | null = null;
  #silent = false;

  constructor(hooks: Hooks, options: EventLogOptions) {
    this.#hooks = hooks;
    this.#options = options;
    this.#printer = options.format === "json" ? new JsonPrinter(options) : new TextPrinter(options);
    this.#listen("log", (entry) => {
      if (this.#wants(entry)) this.#addText(this.#printer.log(entry));
    });
    if (options.quiet) return;
    if (options.detail > 0 && options.flows !== false) this.#listenToFlows();
    if (options.verbose) this.#listenToConnections();
  }

  async close(): Promise<void> {
    this.#stopListening();
    const deadline = Date.now() + CLOSE_TIMEOUT;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_TIMEOUT));
    while (Date.now() < deadline && (this.#writing !== null || this.#hasMore)) {
      if (this.#writing === null) this.#flush();
      else await Promise.race([this.#writing, timeout]);
    }
    clearTimeout(timer);
    this.#fallSilent();
  }

  #listenToFlows(): void {
    this.#listen("httpEnded", (flow) => this.#httpOver(flow));
    this.#listen("httpError", (flow) => this.#httpOver(flow));
    this.#listen("tcpStart", (flow) => {
      if (flow.kind === "http") {
        this.#switched.set(flow, { fromClient: 0, fromServer: 0 });
        this.#addHttp(flow);
      }
      if (this.#shows(flow)) this.#addText(this.#printer.tcpStart(flow));
    });
    this.#listen("tcpMessage", (flow, message) => this.#addMessage(flow, message));
    this.#listen("tcpEnd", (flow) => this.#conversationOver(flow));
    this.#listen("websocketStart", (flow) => {
      this.#webSockets.set(flow, { messages: { client: 0, server: 0 }, bytes: { client: 0, server: 0 } });
      this.#addHttp(flow);
      if (this.#shows(flow)) this.#addText(this.#printer.webSocketStart(flow));
    });
    this.#listen("websocketMessage", (flow, message) => this.#addWebSocketMessage(flow, message));
    this.#listen("websocketEnd", (flow) => this.#webSocketOver(flow));
  }

  #listenToConnections(): void {
    const add = (event: ConnectionEvent) => this.#addText(this.#printer.connection(event, Date.now()));
    this.#listen("clientConnected", (client) => add({ kind: "client-connected", client }));
    this.#listen("clientDisconnected", (client) => add({ kind: "client-disconnected", client }));
    this.#listen("serverConnecting", (server, client) => add({ kind: "server-connecting", server, client }));
    this.#listen("serverConnected", (server, client) => add({ kind: "server-connected", server, client }));
    this.#listen("serverFailed", (server, client, reason) => {
      add({ kind: "server-failed", server, client, reason });
    });
    this.#listen(
      "serverDisconnected",
      (server, client) => add({ kind: "server-disconnected", server, client }),
    );
    this.#listen("tlsHello", (hello) => add({ kind: "tls-hello", hello }));
    this.#listen("tlsEstablished", (connection, leg) => add({ kind: "tls-established", connection, leg }));
    this.#listen(
      "tlsFailed",
      (connection, leg, reason) => add({ kind: "tls-failed", connection, leg, reason }),
    );
  }

  #listen<Name extends HookName>(name: Name, handler: HookHandler<Name>): void {
    this.#unsubscribe.push(this.#hooks.on(name, handler));
  }

  #wants({ level }: LogEntry): boolean {
    const { quiet, verbose, detail } = this.#options;
    if (level === "error" || quiet) return level === "error";
    if (level === "debug") return verbose;
    return level === "warn" || detail > 0 || verbose;
  }

  #httpOver(flow: HttpFlow): void {
    if (this.#switched.has(flow)) return this.#conversationOver(flow);
    if (this.#webSockets.has(flow)) return this.#webSocketOver(flow);
    if (this.#done.has(flow)) return;
    // A failed flow is announced by both hook points.
    if (flow.error !== null) this.#done.add(flow);
    this.#addHttp(flow);
  }

  #conversationOver(flow: TcpFlow | HttpFlow): void {
    if (this.#done.has(flow)) return;
    this.#done.add(flow);
    const totals = flow.kind === "http"
      ? this.#switched.get(flow) ?? { fromClient: 0, fromServer: 0 }
      : { fromClient: flow.bytesFromClient, fromServer: flow.bytesFromServer };
    if (this.#shows(flow)) this.#add(0, () => this.#printer.tcpEnd(flow, totals));
  }

  #webSocketOver(flow: HttpFlow): void {
    const totals = this.#webSockets.get(flow);
    if (totals === undefined || this.#done.has(flow)) return;
    this.#done.add(flow);
    if (this.#shows(flow)) this.#add(0, () => this.#printer.webSocketEnd(flow, totals));
  }

  #shows(flow: Flow): boolean {
    const { shows } = this.#options;
    return shows === undefined || shows(flow);
  }

  #addHttp(flow: HttpFlow): void {
    if (!this.#shows(flow)) return;
    // A line is made at once, so that the queue does not keep bodies; a failed flow is complete only after this turn.
    const lazily = this.#options.detail >= 3 || flow.error !== null;
    if (!lazily) return this.#addText(this.#printer.http(flow));
    this.#add(flow.request.body.kept + (flow.response?.body.kept ?? 0), () => this.#printer.http(flow));
  }

  #addMessage(flow: TcpFlow | HttpFlow, message: TcpMessage): void {
    const totals = flow.kind === "http" ? this.#switched.get(flow) : undefined;
    if (totals !== undefined && !message.injected) {
      if (message.fromClient) totals.fromClient += message.length;
      else totals.fromServer += message.length;
    }
    if (!this.#shows(flow)) return;
    // Handlers may still edit or drop it in this turn; the bytes may be reused after it.
    const limit = this.#options.format === "json" && this.#options.detail < 3
      ? 0
      : shownBytes(this.#options.detail);
    if (!this.#hasRoom(Math.min(message.content.length, limit))) {
      this.#leftOut++;
      return;
    }
    const original = message.content;
    const copy = original.slice(0, limit);
    this.#add(copy.length, () => {
      const content = message.content === original ? copy : message.content;
      return this.#printer.tcpMessage(flow, message, content);
    });
  }

  #addWebSocketMessage(flow: HttpFlow, message: WebSocketMessage): void {
    const { body, fromClient, type } = message;
    const totals = this.#webSockets.get(flow);
    if (totals !== undefined && !message.injected && (type === "text" || type === "binary")) {
      const side = fromClient ? "client" : "server";
      totals.messages[side]++;
      totals.bytes[side] += body.length;
    }
    if (!this.#shows(flow)) return;
    // What becomes of a held message is known only after this turn; what is kept of it may be gone then.
    const limit = Math.min(body.kept, shownMessageBytes(message, this.#options.detail));
    if (!this.#hasRoom(limit)) {
      this.#leftOut++;
      return;
    }
    const copy = limit === 0 ? NOTHING : body.bytes().slice(0, limit);
    this.#add(limit, () => {
      const content = message.edited ? message.body.bytes() : copy;
      return this.#printer.webSocketMessage(flow, message, content);
    });
  }

  #addText(text: string): void {
    if (text !== "") this.#add(text.length, () => text);
  }

  #add(weight: number, print: () => string): void {
    if (this.#silent) return;
    if (!this.#hasRoom(weight)) {
      this.#leftOut++;
      return;
    }
    if (this.#leftOut > 0) this.#addLeftOut();
    this.#queue.push({ weight, print });
    this.#weight += weight;
    this.#schedule();
  }

  #addLeftOut(): void {
    const count = this.#leftOut;
    this.#leftOut = 0;
    this.#queue.push({ weight: 0, print: () => this.#printer.leftOut(count, Date.now()) });
  }

  /** An event that is too large for the queue is taken while nothing else waits. */
  #hasRoom(weight: number): boolean {
    const count = this.#queue.length - this.#next;
    return count === 0 || (count < QUEUE_EVENTS && this.#weight + weight <= QUEUE_BYTES);
  }

  get #hasMore(): boolean {
    return this.#queue.length > this.#next || this.#leftOut > 0;
  }

  #schedule(): void {
    if (this.#timer !== null || this.#writing !== null || this.#silent) return;
    this.#timer = setImmediate(() => {
      this.#timer = null;
      this.#flush();
    });
  }

  /** One batch, one write. */
  #flush(): void {
    if (this.#writing !== null) return;
    const text = this.#takeBatch();
    if (text === "") return;
    try {
      const pending = this.#options.write(text);
      if (!(pending instanceof Promise)) return this.#hasMore ? this.#schedule() : undefined;
      this.#writing = pending.then(() => {
        this.#writing = null;
        if (this.#hasMore) this.#schedule();
      }, () => this.#fallSilent());
    } catch {
      this.#fallSilent();
    }
  }

  #takeBatch(): string {
    let text = "";
    const deadline = performance.now() + BATCH_TIME;
    while (text.length < BATCH_CHARACTERS && (text === "" || performance.now() < deadline)) {
      if (this.#next === this.#queue.length && this.#leftOut > 0) this.#addLeftOut();
      const event = this.#queue[this.#next];
      if (event === undefined) break;
      this.#next++;
      this.#weight -= event.weight;
      text += this.#print(event);
    }
    if (this.#next === this.#queue.length || this.#next >= QUEUE_EVENTS) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
    return text;
  }

  /** A fault of ours in a printer costs one line, not the proxy. */
  #print(event: QueuedEvent): string {
    try {
      return event.print();
    } catch (error) {
      const message = `an event could not be printed: ${
        error instanceof Error ? error.message : String(error)
      }`;
      const entry = { at: Date.now(), message, client: null, code: "event-log-failed", rule: null };
      return this.#printer.log({ level: "error", ...entry });
    }
  }

  #stopListening(): void {
    for (const stop of this.#unsubscribe.splice(0)) stop();
  }

  /** The writer is gone, or the log is closed: nothing is kept any more. */
  #fallSilent(): void {
    this.#stopListening();
    this.#silent = true;
    this.#writing = null;
    this.#queue = [];
    this.#next = 0;
    this.#weight = 0;
    this.#leftOut = 0;
    if (this.#timer !== null) clearImmediate(this.#timer);
    this.#timer = null;
  }
}
