// Generators of frames, of almost-frames and of whole conversations for the properties.

import fc from "fast-check";
import {
  ascii,
  continuation,
  data,
  type FieldLine,
  frame,
  goAway,
  headers,
  ping,
  PREFACE,
  priority,
  priorityUpdate,
  pushPromise,
  resetStream,
  settings,
  settingsAck,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { requestLines, responseLines } from "./drive.ts";

/** Few streams, so that frames meet; 0 and even ones too. */
const stream = fc.constantFrom(0, 1, 1, 1, 2, 3, 3, 4, 5, 5, 7, 9, 2 ** 31 - 1);
const small = fc.nat(300);
const code = fc.constantFrom(0, 1, 2, 5, 7, 8, 0xb, 0x1234);
const payload = fc.uint8Array({ maxLength: 40 });

const lines: FieldLine[][] = [
  requestLines("GET", "/"),
  requestLines("POST", "/", ["content-length", "5"]),
  requestLines("HEAD", "/", ["cookie", "a=b"], ["cookie", "c=d"]),
  requestLines("GET", "/", ["X", "y"]),
  [[":method", "CONNECT"], [":authority", "a:1"]],
  responseLines(200),
  responseLines(200, ["content-length", "5"]),
  responseLines(103, ["link", "</a>"]),
  responseLines(204),
  responseLines(304),
  responseLines(200, ["connection", "x"]),
  [["t", "u"]],
  [],
];

const blocks = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...lines) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
);

const options = fc.record({
  end: fc.boolean(),
  pad: fc.option(fc.nat(20), { nil: undefined }),
  endHeaders: fc.constantFrom(true, true, true, true, false),
}).map(({ end, pad, endHeaders }) => pad === undefined ? { end, endHeaders } : { end, endHeaders, pad });

const setting = fc.tuple(
  fc.constantFrom(1, 2, 3, 4, 5, 6, 8, 9, 0x77),
  fc.constantFrom(0, 1, 2, 100, 4096, 16_384, 65_535, 100_000, 2 ** 31 - 1, 2 ** 31),
);

const weighted = (weight: number, arbitrary: fc.Arbitrary<Uint8Array>) => ({ weight, arbitrary });

/** One frame whose form is right, on any stream in any state. */
export const anyFrame: fc.Arbitrary<Uint8Array> = fc.oneof(
  weighted(8, fc.tuple(stream, blocks, options).map(([id, block, more]) => headers(id, block, more))),
  weighted(
    6,
    fc.tuple(stream, small, options).map((
      [id, length, { end, pad }]: [number, number, { end: boolean; pad?: number }],
    ) => data(id, new Uint8Array(length), pad === undefined ? { end } : { end, pad })),
  ),
  weighted(3, fc.tuple(stream, code).map(([id, number]) => resetStream(id, number))),
  weighted(
    3,
    fc.tuple(stream, fc.constantFrom(0, 1, 10, 65_535, 2 ** 31 - 1)).map(([id, more]) =>
      windowUpdate(id, more)
    ),
  ),
  weighted(2, fc.array(setting, { maxLength: 3 }).map((entries) => settings(...entries))),
  weighted(1, fc.constant(settingsAck)),
  weighted(1, fc.boolean().map((ack) => ping("12345678", ack))),
  weighted(1, fc.tuple(stream, code, payload).map(([id, number, debug]) => goAway(id, number, debug))),
  weighted(1, fc.tuple(stream, stream).map(([id, on]) => priority(id, on))),
  weighted(
    1,
    fc.tuple(stream, payload, fc.boolean()).map(([id, block, end]) => continuation(id, block, end)),
  ),
  weighted(
    1,
    fc.tuple(stream, stream, blocks).map(([id, promised, block]) => pushPromise(id, promised, block)),
  ),
  weighted(1, stream.map((id) => priorityUpdate(id, "u=1"))),
  weighted(
    1,
    fc.tuple(fc.nat(255), fc.nat(255), stream, payload).map(([type, flags, id, bytes]) =>
      frame(type, flags, id, bytes)
    ),
  ),
);

/** What a peer sends, with its beginning, and in some cases with places overwritten. */
function from(beginning: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(2000), fc.uint8Array({ maxLength: 3 }));
  return fc.tuple(
    fc.array(anyFrame, { maxLength: 15 }),
    fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(change, { maxLength: 3 })),
  ).map(([frames, changes]) => {
    const bytes: number[] = [...beginning, ...frames.flatMap((bytes) => [...bytes])];
    for (const [at, insert] of changes) bytes.splice(at % bytes.length, insert.length, ...insert);
    return Uint8Array.from(bytes);
  });
}

const acknowledged = [...settings(), ...settingsAck];
export const clientBytes = fc.oneof(
  { weight: 8, arbitrary: from(Uint8Array.from([...PREFACE, ...acknowledged])) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 200 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 100 }).map((text) => ascii(text)) },
);
export const serverBytes = fc.oneof(
  { weight: 8, arbitrary: from(Uint8Array.from(acknowledged)) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 200 }) },
);

export const offsets = fc.array(fc.nat(3000), { maxLength: 12 });
