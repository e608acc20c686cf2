// What of pako/lib/zlib/deflate.js is used (zlib.h, deflateInit2 to deflateReset).
import type { ZlibStream } from "./zlib_stream.ts";

export function deflateInit2(
  stream: ZlibStream,
  level: number,
  method: number,
  windowBits: number,
  memLevel: number,
  strategy: number,
): number;
export function deflate(stream: ZlibStream, flush: number): number;
export function deflateReset(stream: ZlibStream): number;
