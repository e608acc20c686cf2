// The limits of the HTTP/2 codec: how much a peer can make it hold or do, and when it says no (RFC 9113, 10.5).
// Sizes are bytes. Each has a test in tests/http2/limits_test.ts.

import type { WindowBudget } from "./window_budget.ts";

export interface Http2Limits {
  /**
   * SETTINGS_MAX_HEADER_LIST_SIZE, as RFC 7541, 4.1 measures (each field 32 bytes more than its text). 64 KiB: as for
   * HTTP/1. A longer request is answered 431, a longer response loses its stream; the connection goes on.
   */
  headerListSize: number;
  /** A compressed header block over all its frames. 64 KiB: what decodes to a legal list is smaller. Over it: ENHANCE_YOUR_CALM. */
  headerBlockSize: number;
  /** CONTINUATION frames in one header block. 16: of 16 KiB each they hold four times `headerBlockSize`. */
  continuationFrames: number;
  /** Field lines in a head. 500: as for HTTP/1. */
  fields: number;
  /** SETTINGS_MAX_CONCURRENT_STREAMS: requests a client may have open. 100: RFC 9113, 6.5.2 asks for no less. */
  concurrentStreams: number;
  /** Pushed streams a server may have open. 100: as above. */
  pushedStreams: number;
  /** Resets a peer may send beyond twice the streams that ended well: rapid reset. 200: two pages' worth of cancelled requests. */
  resets: number;
  /**
   * Bytes of frames that carry nothing (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA and CONTINUATION, unknown
   * ones) beyond eight times the bytes that did. 256 KiB: 15,000 PINGs, days of keep-alive on a silent connection.
   */
  overhead: number;
  /** Settings in one SETTINGS frame. 64: seven are defined; others are reserved and few. */
  settingsEntries: number;
  /** Interim responses to one request. 32: as for HTTP/1. */
  interimResponses: number;
  /**
   * SETTINGS_INITIAL_WINDOW_SIZE: what each stream may send before anybody has taken it. 256 KiB: with all streams
   * stalled a connection holds 25 MiB.
   */
  streamWindow: number;
  /**
   * What a stream may send at once while it is one of few. 16 MiB: 320 MB/s over 50 ms of delay; all that somebody
   * who stalls from the beginning makes us hold.
   */
  earlyStreamWindow: number;
  /** What a stream's window grows to as its bytes are taken. 32 MiB: 640 MB/s over 50 ms of delay. */
  largeStreamWindow: number;
  /** How much all streams' windows together may grow beyond `streamWindow` each. 32 MiB: one large one, or several middling. */
  windowGrowth: number;
  /** SETTINGS_MAX_FRAME_SIZE: the largest frame we take. 16 KiB: the smallest allowed. */
  frameSize: number;
  /** SETTINGS_HEADER_TABLE_SIZE: the decoder's table; also the most the encoder uses of what the peer offers. 4 KiB: the default. */
  headerTableSize: number;
  /** Bytes in `output` at which `capacity()` is 0 and no more DATA is put there. 128 KiB: two large writes. */
  outputHighWater: number;
  /** Bytes in `output` at which reading stops: a peer that asks and does not read. 1 MiB: beyond any set of heads we owe. */
  outputLimit: number;
  /** Streams remembered after we reset them, so that what was under way is dropped and not taken for a fault. 200. */
  rememberedStreams: number;
}

export const defaultHttp2Limits: Readonly<Http2Limits> = {
  headerListSize: 64 * 1024,
  headerBlockSize: 64 * 1024,
  continuationFrames: 16,
  fields: 500,
  concurrentStreams: 100,
  pushedStreams: 100,
  resets: 200,
  overhead: 256 * 1024,
  settingsEntries: 64,
  interimResponses: 32,
  streamWindow: 256 * 1024,
  earlyStreamWindow: 16 * 1024 * 1024,
  largeStreamWindow: 32 * 1024 * 1024,
  windowGrowth: 32 * 1024 * 1024,
  frameSize: 16 * 1024,
  headerTableSize: 4096,
  outputHighWater: 128 * 1024,
  outputLimit: 1024 * 1024,
  rememberedStreams: 200,
};

/** What both roles are made with. */
export interface Http2Options {
  /** `keep`: Proxy-Authorization and its like go out as they came (tunnel, reverse proxy). `own`: an explicit proxy drops them. */
  hopByHop: "keep" | "own";
  /** Whether priority signals are said and forwarded (`http2_priority`). */
  priority?: boolean;
  /** Client role: ":scheme" of requests that do not say theirs. "https" unless told. */
  scheme?: "http" | "https";
  /** Shared by many connections; one of its own without it. */
  windowBudget?: WindowBudget;
  limits?: Partial<Http2Limits>;
}

export function withDefaults(limits: Partial<Http2Limits> | undefined): Readonly<Http2Limits> {
  return limits === undefined ? defaultHttp2Limits : { ...defaultHttp2Limits, ...limits };
}
