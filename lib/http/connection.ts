// The one face of every HTTP codec: bytes in, events out, and back. HTTP/1 and HTTP/2, client and server role.
// What one side's `next()` gives, the other side's `send()` takes.
// Invariants: nothing here throws on what a peer sends; no I/O, no clock; a `data` event's bytes are a view
// that is valid until the next call of `next()` or `receive()`.

import type { OutBuffer } from "../bytes/out_buffer.ts";
import type { ProtocolFault, ProtocolNote } from "./fault.ts";
import type { Fields } from "./fields.ts";
import type { Head, RequestHead } from "./head.ts";
import type { StreamPriority } from "./priority.ts";

export type HttpEvent =
  | {
    kind: "head";
    stream: number;
    head: Head;
    end: boolean;
    /** RFC 9113, 5.3.2: the priority that came inside HEADERS; a writer of HTTP/2 forwards it when it is told to. */
    priority?: StreamPriority;
  }
  | {
    kind: "data";
    stream: number;
    data: Uint8Array;
    /** What `consume()` must give back for this piece, in bytes (with HTTP/2 padding it is more than the data). */
    credit: number;
    end: boolean;
    /** RFC 9112, 7.1.1: the chunk extension that came with this piece, from its ";" on; writers of HTTP/1 forward it. */
    extension?: string;
  }
  | { kind: "trailers"; stream: number; fields: Fields; extension?: string }
  | { kind: "reset"; stream: number; fault: ProtocolFault };

/** What concerns the whole connection. */
export type Signal =
  /** A peer broke a rule in a way that ends the connection. Streams under way got their own `reset` before it. */
  | { kind: "fault"; fault: ProtocolFault }
  /** Forgiven, to be named in the log. */
  | { kind: "note"; note: ProtocolNote }
  /** The peer will send nothing more, and no stream is cut short by it. */
  | { kind: "ended" }
  /** A stream can take bytes again. HTTP/1 never says so: its capacity is the output buffer. */
  | { kind: "writable"; stream: number }
  /** What the peer's settings mean for the other leg; said when they come, and when they change. */
  | { kind: "offers"; offers: Offers }
  /** Client role, RFC 9113, 8.4: the server promises the response to `head` on the new stream `stream`. */
  | { kind: "push"; parent: number; stream: number; head: RequestHead }
  /** Server role: the client says how important a stream is. */
  | { kind: "priority"; stream: number; priority: StreamPriority };

/** Whether it belongs to one exchange: what the other leg's `send()` takes. */
export function isHttpEvent(event: HttpEvent | Signal): event is HttpEvent {
  const { kind } = event;
  return kind === "data" || kind === "head" || kind === "trailers" || kind === "reset";
}

/** What a peer's settings say that concerns the other leg; HTTP/1 offers none of it. */
export interface Offers {
  /** RFC 9113, 6.5.2: a client takes PUSH_PROMISE. */
  push: boolean;
  /** RFC 8441, 3: a server takes CONNECT with :protocol. */
  extendedConnect: boolean;
}

export interface HttpConnection {
  /** Takes a chunk. It is borrowed until `next()` has returned null. */
  receive(chunk: Uint8Array): void;
  /** The peer closed its direction (FIN). */
  receiveEnd(): void;
  /** The next event, or null when nothing more can be said before more input (or before a `send`). */
  next(): HttpEvent | Signal | null;

  /** Encodes an event into `output`. Bytes are copied. Sending on a stream that is over is ignored. */
  send(event: HttpEvent): void;
  /** What waits to be written; the driver takes it. */
  readonly output: OutBuffer;

  /** Whether streams share the transport: one can be reset, and tunnelled, without touching the others. */
  readonly multiplexes: boolean;
  /** False while enough unconsumed input is held: the driver stops reading. */
  readonly wantsRead: boolean;
  /** Nothing more will be sent: once `output` is empty the driver ends the write side. */
  readonly closing: boolean;
  /** With `closing`: the end must not look like a good one; the driver resets the transport. */
  readonly aborted: boolean;

  /** Client role: the id for a new request, or null while none can be opened. Server role: always null. */
  openStream(): number | null;
  /** Client role: whether a new stream can be opened now. */
  readonly canOpen: boolean;
  /** Gives back `credit` bytes of a stream's data: they have been passed on. */
  consume(stream: number, credit: number): void;
  /** How many bytes a stream can take now without being held back; may be 0, never negative. */
  capacity(stream: number): number;
  /** From here on the stream carries opaque bytes as `data` (after 101, or a 2xx answer to CONNECT). Call it on both legs. */
  tunnel(stream: number): void;
  /** Ends in good order: finishes what is open, takes nothing new. */
  shutdown(): void;

  /** Tells this peer what the other leg's peer offers. Without effect where the version has no such thing. */
  offer(offers: Offers): void;
  /** Server role: promises the response to `head` (RFC 9113, 8.4). The new stream's id; null: this client takes none. */
  push(parent: number, head: RequestHead): number | null;
  /** Client role: forwards a priority signal. Ignored where there is no such thing, or it was not asked for. */
  prioritize(stream: number, priority: StreamPriority): void;
  /** The transport is gone: what is shared with other connections is given back. For codecs that share something. */
  lost?(): void;
  /** Asks the peer for a sign of life: any input is one. False where the version has no way to ask. */
  ping(): boolean;
}

/** The client leg. */
export interface HttpServerConnection extends HttpConnection {
  /**
   * Takes the transport out of HTTP for good: all unread input, copied. Null where streams share the transport;
   * a tunnel then stays a stream.
   */
  detach(): Uint8Array | null;
  /** Whether part of a request head waits for the rest of it: the head timeout runs, not the idle one. */
  readonly headStarted: boolean;
}
