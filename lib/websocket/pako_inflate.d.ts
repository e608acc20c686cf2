// What of pako/lib/zlib/inflate.js is used (zlib.h, inflateInit2 to inflateReset).
import type { ZlibStream } from "./zlib_stream.ts";

export function inflateInit2(stream: ZlibStream, windowBits: number): number;
export function inflate(stream: ZlibStream, flush: number): number;
export function inflateReset(stream: ZlibStream): number;
export function inflateResetKeep(stream: ZlibStream): number;
