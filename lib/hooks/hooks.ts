// Typed hook points: where the console, rules and addons see, hold, edit, answer and kill what passes.
// A hook point nobody listens to costs one comparison. A handler holds by returning a promise: only its own
// exchange waits, and no credit goes back to the peer meanwhile. Handlers run in the order they were added.
// Invariants: `run` never rejects; a handler that throws is reported and skipped, the flow goes on.

import type {
  ConnectionRecord,
  Flow,
  HttpFlow,
  TcpFlow,
  TcpMessage,
  WebSocketMessage,
} from "../flow/record.ts";
import type { Fields } from "../http/fields.ts";

/** What a handler may do with a flow, besides editing its record in place. */
export interface FlowControl {
  /** Answers a request without asking the origin, or replaces a response not yet sent. */
  answer(response: Answer): void;
  /** Ends the flow: the client's stream or connection is reset. */
  kill(): void;
  /** Puts another body in place of a complete one; lengths are made right. Only where the point holds the body. */
  setBody(body: Uint8Array): void;
}

export interface Answer {
  status: number;
  reason?: string;
  fields?: Fields;
  body?: Uint8Array;
  trailers?: Fields;
}

/** What a handler may do with one message of a TCP flow. `inject` works at any time, until the flow ends. */
export interface MessageControl {
  /** Forward these bytes instead. */
  replace(content: Uint8Array): void;
  drop(): void;
  inject(toClient: boolean, content: Uint8Array): void;
  kill(): void;
}

/** What a handler may do with a WebSocket, at any time until it ends. */
export interface WebSocketControl {
  /**
   * Sends a message of one's own, between the messages of the peers: one that is under way ends first. It is copied.
   * False: the connection is closing, or too much waits already.
   */
  inject(toClient: boolean, type: "text" | "binary", content: Uint8Array): boolean;
  /** Closes it in good order, with this code and reason to both peers. Throws on a code no Close frame may carry. */
  close(code: number, reason: string): void;
  kill(): void;
}

/** What a handler may do with one message of a WebSocket that it holds (`ListenOptions.holdMessage`). */
export interface WebSocketMessageControl extends WebSocketControl {
  /** Forward this instead; of the same type, as one frame. */
  replace(content: Uint8Array): void;
  drop(): void;
}

export interface TlsHelloFacts {
  client: ConnectionRecord;
  host: string;
  port: number;
  serverName: string | null;
  alpnOffers: readonly string[];
}

/** Each hook point and what its handlers get. */
export interface HookPoints {
  clientConnected: [client: ConnectionRecord];
  clientDisconnected: [client: ConnectionRecord];
  serverConnecting: [server: ConnectionRecord, client: ConnectionRecord];
  serverConnected: [server: ConnectionRecord, client: ConnectionRecord];
  serverFailed: [server: ConnectionRecord, client: ConnectionRecord, reason: string];
  serverDisconnected: [server: ConnectionRecord, client: ConnectionRecord];
  tlsHello: [hello: TlsHelloFacts];
  tlsEstablished: [connection: ConnectionRecord, leg: "client" | "server"];
  tlsFailed: [connection: ConnectionRecord, leg: "client" | "server", reason: string];
  /** The request head has come; nothing has been forwarded. */
  requestHead: [flow: HttpFlow, control: FlowControl];
  /** The request body is complete (held until now when a listener asked for it, else already forwarded). */
  request: [flow: HttpFlow, control: FlowControl];
  requestTrailers: [flow: HttpFlow, control: FlowControl];
  interimResponse: [flow: HttpFlow, control: FlowControl];
  responseHead: [flow: HttpFlow, control: FlowControl];
  response: [flow: HttpFlow, control: FlowControl];
  responseTrailers: [flow: HttpFlow, control: FlowControl];
  /** The HTTP flow ended in an error. Exactly one of httpEnded with or without `flow.error`. */
  httpError: [flow: HttpFlow];
  httpEnded: [flow: HttpFlow];
  tcpStart: [flow: TcpFlow | HttpFlow, control: MessageControl];
  tcpMessage: [flow: TcpFlow | HttpFlow, message: TcpMessage, control: MessageControl];
  tcpEnd: [flow: TcpFlow | HttpFlow];
  /** The handshake is over: `flow.websocket` is set. No message goes either way while a handler holds; PINGs are answered. */
  websocketStart: [flow: HttpFlow, control: WebSocketControl];
  /** A message is complete: held until now when a listener asked for it, else already forwarded. Pings and pongs too. */
  websocketMessage: [flow: HttpFlow, message: WebSocketMessage, control: WebSocketMessageControl];
  /** `flow.websocket.close` says how. */
  websocketEnd: [flow: HttpFlow];
  /** Something for the event log that belongs to no flow. */
  log: [entry: LogEntry];
}

export interface LogEntry {
  level: "error" | "warn" | "info" | "debug";
  at: number;
  /** One line, for a person. */
  message: string;
  client: ConnectionRecord | null;
  /** A stable kebab-case name: "tls-client-rejected", "protocol-note", "connect-failed". */
  code: string;
  /** The rule a peer broke, if one did. */
  rule: string | null;
}

export type HookName = keyof HookPoints;
export type HookHandler<Name extends HookName> = (...facts: HookPoints[Name]) => void | Promise<void>;

export interface ListenOptions {
  /**
   * For `request` and `response`: whether this flow's body must be held until it is complete, so that the handler
   * can edit it before anything is forwarded. Asked once, when the head has come. Default: it is not held.
   */
  holdBody?: (flow: Flow) => boolean;
  /**
   * For `websocketMessage`: whether this message must be held until it is complete, so that the handler can edit or drop
   * it. Asked once, when its first frame has come. Default: it is not held. Pings and pongs never are.
   */
  holdMessage?: (flow: HttpFlow, message: WebSocketMessage) => boolean;
}

interface Listener {
  handler: (...facts: never[]) => void | Promise<void>;
  holdBody: ((flow: Flow) => boolean) | null;
  holdMessage: ((flow: HttpFlow, message: WebSocketMessage) => boolean) | null;
}

export class Hooks {
  readonly #points = new Map<HookName, Listener[]>();
  readonly #onError: (name: HookName, error: unknown) => void;

  /** `onError` hears of handlers that throw. */
  constructor(onError: (name: HookName, error: unknown) => void) {
    this.#onError = onError;
  }

  /** Adds a handler; the returned function removes it again. */
  on<Name extends HookName>(name: Name, handler: HookHandler<Name>, options: ListenOptions = {}): () => void {
    const listener: Listener = {
      handler: handler as unknown as Listener["handler"],
      holdBody: options.holdBody ?? null,
      holdMessage: options.holdMessage ?? null,
    };
    this.#points.set(name, [...(this.#points.get(name) ?? []), listener]);
    return () => {
      const rest = (this.#points.get(name) ?? []).filter((other) => other !== listener);
      if (rest.length === 0) this.#points.delete(name);
      else this.#points.set(name, rest);
    };
  }

  /** Whether anybody listens. */
  has(name: HookName): boolean {
    return this.#points.has(name);
  }

  /** Whether a listener of `name` wants the whole body before anything goes on. */
  wantsBody(name: "request" | "response", flow: Flow): boolean {
    return this.#wants(name, ({ holdBody }) => holdBody !== null && holdBody(flow));
  }

  /** Whether a listener wants the whole message of a WebSocket before anything of it goes on. */
  wantsMessage(flow: HttpFlow, message: WebSocketMessage): boolean {
    if (!this.has("websocketMessage")) return false;
    return this.#wants(
      "websocketMessage",
      ({ holdMessage }) => holdMessage !== null && holdMessage(flow, message),
    );
  }

  #wants(name: HookName, asked: (listener: Listener) => boolean): boolean {
    for (const listener of this.#points.get(name) ?? []) {
      try {
        if (asked(listener)) return true;
      } catch (error) {
        this.#onError(name, error);
      }
    }
    return false;
  }

  /** Runs the handlers in order. Null when all of them are done already; else a promise to wait for. Never rejects. */
  run<Name extends HookName>(name: Name, ...facts: HookPoints[Name]): Promise<void> | null {
    const listeners = this.#points.get(name);
    return listeners === undefined ? null : this.#runFrom(name, listeners, 0, facts);
  }

  #runFrom(
    name: HookName,
    listeners: readonly Listener[],
    from: number,
    facts: readonly unknown[],
  ): Promise<void> | null {
    for (let index = from; index < listeners.length; index++) {
      const listener = listeners[index];
      if (listener === undefined) break;
      try {
        const pending = listener.handler(...facts as never[]);
        if (pending instanceof Promise) {
          return pending
            .catch((error) => this.#onError(name, error))
            .then(() => this.#runFrom(name, listeners, index + 1, facts) ?? undefined);
        }
      } catch (error) {
        this.#onError(name, error);
      }
    }
    return null;
  }
}
