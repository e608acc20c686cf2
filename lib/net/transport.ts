// A byte stream in both directions: a TCP socket, TLS around one, or a stream inside HTTP/2.
// Push with brakes: chunks come as calls, and the handler's answer says whether to go on reading. No promises on
// the data path: a promise per chunk costs more than parsing it.
// Invariants: a chunk is a view that is valid only during the call; after `closed` nothing follows; a handler attached
// after the peer ended, or after the end of all, is told so as well: nobody waits for what has already happened.

export interface Endpoint {
  host: string;
  port: number;
}

/** Why a transport ended other than in good order. */
export interface TransportFault {
  /** `reset`: the peer tore it down. `tls`: the TLS layer did. `failed`: anything else the system reports. */
  code: "reset" | "tls" | "failed";
  message: string;
}

export interface TransportHandler {
  /** Bytes have come. False stops reading until `resume()`. */
  data(chunk: Uint8Array): boolean;
  /** The peer closed its direction. `clean` is false when TLS ended without close_notify (RFC 8446, 6.1). */
  end(clean: boolean): void;
  /** It is over; null when both directions ended or we closed it ourselves. */
  closed(fault: TransportFault | null): void;
}

export interface Transport {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly isClosed: boolean;
  /** Puts a handler in charge: what is held (from `unread`) is given to it first, then reading goes on. Null: reading stops. */
  attach(handler: TransportHandler | null): void;
  /** Gives bytes back, to be delivered first to the next handler attached. They are copied. */
  unread(bytes: Uint8Array): void;
  pause(): void;
  resume(): void;
  /** One write at a time. `data` must not change until `done` is called; after a failure `done` is not called. */
  write(data: Uint8Array, done: () => void): void;
  /** Closes our direction after what was written. `clean` false: TLS without close_notify, as the other side did. */
  end(clean?: boolean): void;
  /** Tears it down so that the peer sees an error (TCP RST). */
  reset(): void;
  /** Lets go of it; nothing more is delivered but `closed`. */
  close(): void;
}
