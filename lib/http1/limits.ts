// The limits of the HTTP/1 codec: how much a peer can make it hold, and when it says no (RFC 9112, 3 and 9.3;
// RFC 9110, 2.3 and 5.4). Sizes are bytes. Each has a test in tests/http1/limits_test.ts.

export interface Http1Limits {
  /**
   * The start line, without its line end. 32 KiB: RFC 9112, 3 asks for at least 8000; browsers and large
   * servers stop between 8 and 64 KiB. A longer request line is answered 414.
   */
  startLine: number;
  /**
   * A whole head: start line, fields and empty line. 64 KiB: what an exchange can be made to hold before anybody
   * has looked at it; common servers take 8 to 64 KiB. A larger request head is answered 431.
   */
  headSize: number;
  /** Field lines in a head. 500: real messages stay under 100, CSP and cookie heavy ones under 200. Over it: 431. */
  fields: number;
  /** A chunk-size line with its extensions, without its line end. 4 KiB: extensions are rare and short. */
  chunkLine: number;
  /** A trailer section with its empty line. 16 KiB: trailers are checksums, status lines and timings. */
  trailersSize: number;
  /** Field lines in a trailer section. 100: as above. */
  trailerFields: number;
  /** Interim responses to one request. 32: 100, some 102 and 103; more is a server stuck in a loop. */
  interimResponses: number;
  /** Empty lines before a request line. 16: RFC 9112, 2.2 asks for tolerance, old clients send one or two. */
  emptyLines: number;
  /**
   * Input that waits for the exchange before it (pipelined requests, bytes sent ahead of a tunnel): reading stops
   * above it. 64 KiB: about one read of the transport.
   */
  heldInput: number;
  /**
   * Body bytes reported and not yet consumed: reading stops at it. 128 KiB: two reads of 64 KiB, so that one can
   * be on its way to the far side while the next one arrives.
   */
  bodyWindow: number;
  /** Bytes in `output` at which `capacity()` is 0. 128 KiB: two large writes. */
  outputHighWater: number;
}

export const defaultHttp1Limits: Readonly<Http1Limits> = {
  startLine: 32 * 1024,
  headSize: 64 * 1024,
  fields: 500,
  chunkLine: 4 * 1024,
  trailersSize: 16 * 1024,
  trailerFields: 100,
  interimResponses: 32,
  emptyLines: 16,
  heldInput: 64 * 1024,
  bodyWindow: 128 * 1024,
  outputHighWater: 128 * 1024,
};

/** What both roles are made with. */
export interface Http1Options {
  /** Accept bare LF as a line end and unfold obs-fold, with a note each; framing decisions stay the same. */
  lenient: boolean;
  /** `keep`: fields go out as they came (tunnel, reverse proxy). `own`: an explicit proxy manages its own connections. */
  hopByHop: "keep" | "own";
  /**
   * Client role: a fresh Sec-WebSocket-Key, 16 random bytes in base64 (RFC 6455, 4.1). Without it a WebSocket that a
   * client of HTTP/2 asks for cannot be sent.
   */
  webSocketKey?: () => string;
  limits?: Partial<Http1Limits>;
}

export function withDefaults(limits: Partial<Http1Limits> | undefined): Readonly<Http1Limits> {
  return limits === undefined ? defaultHttp1Limits : { ...defaultHttp1Limits, ...limits };
}
