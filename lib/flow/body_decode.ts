// Takes the content codings off a captured body (RFC 9110, 8.4), so that it can be shown and searched.
// Invariants: never throws; what comes out has `limit` bytes at most, whatever goes in; the work is bounded:
// `ATTEMPTS` tries for each coding, none of which makes more than `limit` bytes.

import { constants } from "node:zlib";
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from "node:zlib";
import type { Fields } from "../http/fields.ts";

/** What is needed of a capture; `BodyCapture` has it. Sizes are bytes. */
export interface CapturedBody {
  bytes(): Uint8Array;
  readonly length: number;
  readonly truncated: boolean;
}

export interface DecodedBody {
  /** The content; what was captured, still coded, when `failure` is not null. Read only: may be the capture's own bytes. */
  bytes: Uint8Array;
  /** The codings taken off, as the field names them, lower case. */
  codings: string[];
  /** More would follow: `captured` only the first part was captured, `limit` there is more than may be shown, `ended` the coded data stops too early. */
  cut: "captured" | "limit" | "ended" | null;
  /** Why the codings could not be taken off; null when they could. */
  failure: string | null;
}

/** How much of one body is decoded and shown, in bytes: more than anybody reads in a log, and a few milliseconds of work. */
export const VIEW_LIMIT = 1024 * 1024;
/** RFC 9110 sets no limit on the codings of a message; nobody sends more than two. */
export const CODING_LIMIT = 4;

/** How often a coding is tried, each time with a quarter of the input: enough for deflate's highest ratio, 1032:1. */
const ATTEMPTS = 7;
const ATTEMPT_SHARE = 4;

type Outcome =
  | { kind: "decoded"; bytes: Uint8Array; cut: "limit" | "ended" | null }
  | { kind: "failed"; reason: string };

/** One way to decompress, as node:zlib has it. */
interface Decompressor {
  run(bytes: Uint8Array, options: { maxOutputLength: number; finishFlush: number }): Uint8Array;
  /** Gives out what there is when the input stops early. */
  flush: number;
  /** Refuses input that stops early; null where node:zlib cannot: to it the end of the input is an end like any other. */
  finish: number | null;
  /** Coded data this long at most may stand for no content at all. */
  emptyLength: number;
}

const GZIP: Decompressor = {
  run: gunzipSync,
  flush: constants.Z_SYNC_FLUSH,
  finish: constants.Z_FINISH,
  emptyLength: 0,
};
const ZLIB: Decompressor = { ...GZIP, run: inflateSync };
const RAW_DEFLATE: Decompressor = { ...GZIP, run: inflateRawSync };
const BROTLI: Decompressor = {
  run: brotliDecompressSync,
  flush: constants.BROTLI_OPERATION_FLUSH,
  finish: null,
  emptyLength: 2,
};
const ZSTD: Decompressor = {
  run: zstdDecompressSync,
  flush: constants.ZSTD_e_flush,
  finish: null,
  emptyLength: 20,
};

/** Decodes what was captured of a body with these head fields. `limit` in bytes. */
export function decodeBody(fields: Fields, capture: CapturedBody, limit = VIEW_LIMIT): DecodedBody {
  const captured = capture.bytes();
  const codings = fields.tokens("content-encoding").filter((coding) => coding !== "identity");
  let cut: DecodedBody["cut"] = capture.truncated ? "captured" : null;
  if (codings.length === 0 || captured.length === 0) {
    if (captured.length <= limit) return { bytes: captured, codings: [], cut, failure: null };
    return { bytes: captured.subarray(0, limit), codings: [], cut: "limit", failure: null };
  }
  const failed = (failure: string): DecodedBody => {
    const over = captured.length > limit;
    return { bytes: captured.subarray(0, limit), codings: [], cut: over ? "limit" : cut, failure };
  };
  if (codings.length > CODING_LIMIT) return failed(`more than ${CODING_LIMIT} content codings`);
  let bytes = captured;
  // RFC 9110, 8.4: listed in the order they were applied.
  for (const coding of codings.toReversed()) {
    const outcome = removeCoding(coding, bytes, limit, cut !== null);
    if (outcome.kind === "failed") return failed(outcome.reason);
    bytes = outcome.bytes;
    cut = outcome.cut === "ended" ? cut ?? "ended" : outcome.cut ?? cut;
  }
  return { bytes, codings, cut, failure: null };
}

function removeCoding(coding: string, bytes: Uint8Array, limit: number, cut: boolean): Outcome {
  switch (coding) {
    // RFC 9110, 8.4.1.3: x-gzip is gzip.
    case "gzip":
    case "x-gzip":
      return decompress(coding, GZIP, bytes, limit, cut);
    case "deflate": {
      // RFC 9110, 8.4.1.2: the zlib format; some senders leave out its wrapper.
      if (!isZlib(bytes)) return decompress(coding, RAW_DEFLATE, bytes, limit, cut);
      const outcome = decompress(coding, ZLIB, bytes, limit, cut);
      if (outcome.kind === "decoded") return outcome;
      const raw = decompress(coding, RAW_DEFLATE, bytes, limit, cut);
      return raw.kind === "decoded" ? raw : outcome;
    }
    case "br":
      return decompress(coding, BROTLI, bytes, limit, cut);
    case "zstd":
      return decompress(coding, ZSTD, bytes, limit, cut);
    default:
      return { kind: "failed", reason: `the content coding "${coding}" is not known` };
  }
}

/**
 * Tries all of the input, then ever smaller first parts of it while it expands beyond `limit`: node:zlib gives nothing
 * at all when the output is too large. `cut`: the input is known to stop early.
 */
function decompress(
  coding: string,
  decompressor: Decompressor,
  bytes: Uint8Array,
  limit: number,
  cut: boolean,
): Outcome {
  let input = bytes.subarray(0, limit);
  let tooLarge = false;
  if (!cut && decompressor.finish !== null && input.length === bytes.length) {
    const result = attempt(decompressor, input, limit, decompressor.finish);
    if (result instanceof Uint8Array) return { kind: "decoded", bytes: result, cut: null };
    tooLarge = result.code === "ERR_BUFFER_TOO_LARGE";
    if (!tooLarge && result.code !== "Z_BUF_ERROR") return damaged(coding, result.message);
    if (tooLarge) input = input.subarray(0, Math.ceil(input.length / ATTEMPT_SHARE));
  }
  for (let tries = 0; tries < ATTEMPTS && input.length > 0; tries++) {
    const result = attempt(decompressor, input, limit, decompressor.flush);
    if (result instanceof Uint8Array) {
      if (result.length > 0) {
        const early = decompressor.finish === null ? null : "ended";
        return { kind: "decoded", bytes: result, cut: input.length < bytes.length ? "limit" : early };
      }
      if (tooLarge) break;
      // Damaged brotli data, and all data cut within its first block, end here without an error.
      if (!cut && input.length <= decompressor.emptyLength) {
        return { kind: "decoded", bytes: result, cut: null };
      }
      return { kind: "failed", reason: `the ${coding} data is damaged, or too little of it is there` };
    }
    if (result.code !== "ERR_BUFFER_TOO_LARGE") return damaged(coding, result.message);
    tooLarge = true;
    input = input.subarray(0, Math.floor(input.length / ATTEMPT_SHARE));
  }
  return { kind: "failed", reason: `the first bytes of the ${coding} data already expand beyond the limit` };
}

function damaged(coding: string, message: string): Outcome {
  return { kind: "failed", reason: `damaged ${coding} data: ${message}` };
}

function attempt(
  decompressor: Decompressor,
  bytes: Uint8Array,
  limit: number,
  finishFlush: number,
): Uint8Array | { code: string; message: string } {
  try {
    return decompressor.run(bytes, { maxOutputLength: limit, finishFlush });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return { code, message };
  }
}

/** RFC 1950, 2.2: compression method 8 and a header that is a multiple of 31. */
function isZlib(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  return (first & 0x0f) === 8 && (first * 256 + (bytes[1] ?? 0)) % 31 === 0;
}
