// The state of a DEFLATE stream as pako's port of zlib keeps it: fed by hand, so that a message is compressed and
// decompressed within a turn, piece by piece, with the window kept or not (RFC 7692, 7.1). node:zlib can do that only
// with a callback for each piece.

/** zlib's z_stream: what `pako/lib/zlib/zstream.js` makes. */
export interface ZlibStream {
  input: Uint8Array;
  next_in: number;
  avail_in: number;
  total_in: number;
  output: Uint8Array;
  next_out: number;
  avail_out: number;
  total_out: number;
  msg: string;
  /** Ours to know is only what `Inflater` mends in it. */
  state: { window?: Uint8Array | null; wsize?: number } | null;
  data_type: number;
  adler: number;
}

export const Z = {
  syncFlush: 2,
  ok: 0,
  streamEnd: 1,
  bufferError: -5,
  deflated: 8,
  defaultStrategy: 0,
} as const;

const NOTHING = new Uint8Array(0);

export function newZlibStream(): ZlibStream {
  return {
    input: NOTHING,
    next_in: 0,
    avail_in: 0,
    total_in: 0,
    output: NOTHING,
    next_out: 0,
    avail_out: 0,
    total_out: 0,
    msg: "",
    state: null,
    data_type: 2,
    adler: 0,
  };
}
