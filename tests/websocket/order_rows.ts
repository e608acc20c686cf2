// Reserved bits and opcodes, fragments and what may stand between them, Close frames (RFC 6455, 5.2, 5.4, 5.5, 7.4;
// RFC 7692, 6).

import type { FaultRow, FrameRow, GoodRow } from "./frame_rows.ts";
import {
  begun,
  closing,
  FIN,
  frame,
  fromHex,
  type HandFrame,
  OP,
  RSV1,
  RSV2,
  RSV3,
  whole,
} from "./hand_frames.ts";

type Rest = Partial<FrameRow>;

function fault(
  name: string,
  section: string,
  frames: HandFrame[],
  fault: string,
  told: FaultRow["told"],
  rest: Rest = {},
): FaultRow {
  return { name, rule: `RFC 6455, ${section}`, frames, fault, told, ...rest };
}

function good(
  name: string,
  section: string,
  frames: HandFrame[],
  events: string[],
  rest: Rest = {},
): GoodRow {
  return { name, rule: `RFC 6455, ${section}`, frames, events, ...rest };
}

const frameKinds: readonly [name: string, first: number][] = [
  ["text", FIN | OP.text],
  ["binary", FIN | OP.binary],
  ["a first fragment", OP.text],
  ["a ping", FIN | OP.ping],
  ["a pong", FIN | OP.pong],
  ["a close", FIN | OP.close],
];

/** RSV1 to RSV3 in every combination, on everything, where they mean nothing. */
const reservedBits: FaultRow[] = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70].flatMap((bits) =>
  frameKinds.map(([name, first]) =>
    fault(`${name} with RSV ${bits >> 4}`, "5.2", [frame(first | bits, "")], "reserved-bit 1002", 1)
  )
);

const compressed: FrameRow[] = [
  ...frameKinds.slice(0, 2).map(([name, first]): GoodRow =>
    good(`compressed ${name}`, "5.2", [frame(first | RSV1, "\x02\0")], [
      `compressed ${name} "\\u0002\\u0000"`,
    ], {
      compression: true,
    })
  ),
  good(
    "a compressed message in fragments",
    "5.2",
    [
      frame(RSV1 | OP.text, "a"),
      begun(OP.continuation, "b"),
      whole(OP.continuation, "c"),
      whole(OP.text, "d"),
    ],
    ['compressed text more "a"', 'continuation more "b"', 'continuation "c"', 'text "d"'],
    { compression: true },
  ),
  good("not compressed all the same", "5.2", [whole(OP.text, "a"), whole(OP.ping)], ['text "a"', 'ping ""'], {
    compression: true,
  }),
  ...frameKinds.slice(3).map(([name, first]) =>
    compressedFault(`${name} with RSV1`, [frame(first | RSV1, "")])
  ),
  compressedFault("RSV1 on a continuation", [
    frame(RSV1 | OP.text, "a"),
    frame(FIN | RSV1 | OP.continuation, "b"),
  ], [
    'compressed text more "a"',
  ]),
  compressedFault("RSV1 on a continuation of a message without", [
    begun(OP.binary, "a"),
    frame(FIN | RSV1 | OP.continuation, "b"),
  ], ['binary more "a"']),
  ...[RSV2, RSV3, RSV1 | RSV2, RSV1 | RSV3, RSV2 | RSV3, RSV1 | RSV2 | RSV3].map((bits) =>
    compressedFault(`RSV ${bits >> 4} with compression`, [frame(FIN | OP.text | bits, "a")])
  ),
];

function compressedFault(name: string, frames: HandFrame[], before: string[] = []): FaultRow {
  return {
    name,
    rule: "RFC 7692, 6.1",
    compression: true,
    frames,
    before,
    fault: "reserved-bit 1002",
    told: 1,
  };
}

const opcodeRows: FaultRow[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
  fault(`opcode ${opcode}`, "5.2", [whole(opcode)], "reserved-opcode 1002", 1),
  fault(`opcode ${opcode}, not final`, "5.2", [begun(opcode, "reserved")], "reserved-opcode 1002", 1),
  fault(
    `opcode ${opcode} between messages, then a ping`,
    "5.2",
    [whole(OP.text, "Hello"), whole(opcode, "reserved")],
    "reserved-opcode 1002",
    1,
    { before: ['text "Hello"'] },
  ),
  fault(
    `opcode ${opcode} inside a message`,
    "5.2",
    [begun(OP.text, "Hel"), whole(opcode)],
    "reserved-opcode 1002",
    1,
    { before: ['text more "Hel"'] },
  ),
]);

const five = [1, 2, 3, 4, 5].map((number) => `fragment${number}`);
const [one = "", two = "", three = ""] = five;

const fragmentRows: FrameRow[] = [
  good("two fragments", "5.4", [begun(OP.text, one), whole(OP.continuation, two)], [
    'text more "fragment1"',
    'continuation "fragment2"',
  ]),
  good(
    "five fragments",
    "5.4",
    five.map((text, at) => frame((at === 4 ? FIN : 0) | (at === 0 ? OP.binary : OP.continuation), text)),
    five.map((text, at) => `${at === 0 ? "binary" : "continuation"}${at === 4 ? "" : " more"} "${text}"`),
  ),
  good(
    "fragments without bytes",
    "5.4",
    [begun(OP.text), begun(OP.continuation), whole(OP.continuation)],
    ['text more ""', 'continuation more ""', 'continuation ""'],
  ),
  good(
    "only the middle fragment has bytes",
    "5.4",
    [begun(OP.text), begun(OP.continuation, "middle"), whole(OP.continuation), whole(OP.binary)],
    ['text more ""', 'continuation more "middle"', 'continuation ""', 'binary ""'],
  ),
  good(
    "pings and pongs between fragments",
    "5.4",
    [
      begun(OP.text, one),
      whole(OP.ping, "a"),
      whole(OP.pong, "b"),
      begun(OP.continuation),
      whole(OP.ping),
      whole(OP.continuation, two),
    ],
    [
      'text more "fragment1"',
      'ping "a"',
      'pong "b"',
      'continuation more ""',
      'ping ""',
      'continuation "fragment2"',
    ],
  ),
  good("a message that has not ended", "5.4", [begun(OP.text, one)], ['text more "fragment1"'], {
    inside: "message",
  }),
  good("a message that goes on", "5.4", [begun(OP.text, one), begun(OP.continuation, two)], [
    'text more "fragment1"',
    'continuation more "fragment2"',
  ], { inside: "message" }),
  good("a ping inside a message that has not ended", "5.4", [begun(OP.binary, one), whole(OP.ping)], [
    'binary more "fragment1"',
    'ping ""',
  ], { inside: "message" }),
  good(
    "one fragmented message after the other",
    "5.4",
    [begun(OP.text, one), whole(OP.continuation, two), begun(OP.binary, three), whole(OP.continuation)],
    ['text more "fragment1"', 'continuation "fragment2"', 'binary more "fragment3"', 'continuation ""'],
  ),
  ...[
    ["a continuation of nothing", FIN],
    ["a continuation of nothing, not final", 0],
  ].flatMap(([name, fin]) => [
    badOrder(`${name}`, [frame(Number(fin) | OP.continuation, one)]),
    badOrder(`${name}, without bytes`, [frame(Number(fin) | OP.continuation)]),
    badOrder(`${name}, after a message`, [whole(OP.text, one), frame(Number(fin) | OP.continuation, two)], [
      'text "fragment1"',
    ]),
    badOrder(`${name}, after a fragmented message and a ping`, [
      begun(OP.text, one),
      whole(OP.continuation, two),
      whole(OP.ping),
      frame(Number(fin) | OP.continuation, three),
    ], ['text more "fragment1"', 'continuation "fragment2"', 'ping ""']),
  ]),
  ...[FIN | OP.text, OP.text, FIN | OP.binary, OP.binary].flatMap((first) => [
    badOrder(`frame ${first.toString(16)} inside a text`, [begun(OP.text, one), frame(first, two)], [
      'text more "fragment1"',
    ]),
    badOrder(`frame ${first.toString(16)} inside a binary message, after a ping`, [
      begun(OP.binary),
      begun(OP.continuation, two),
      whole(OP.ping),
      frame(first),
    ], ['binary more ""', 'continuation more "fragment2"', 'ping ""']),
  ]),
  ...[OP.ping, OP.pong, OP.close].flatMap((opcode) => [
    fault(`opcode ${opcode} in fragments`, "5.5", [begun(opcode, "frag")], "fragmented-control 1002", 1),
    fault(
      `opcode ${opcode} without payload, in fragments`,
      "5.5",
      [begun(opcode)],
      "fragmented-control 1002",
      1,
    ),
    fault(
      `opcode ${opcode} in fragments, inside a message`,
      "5.5",
      [begun(OP.text, "a"), begun(opcode)],
      "fragmented-control 1002",
      1,
      { before: ['text more "a"'] },
    ),
  ]),
];

function badOrder(name: string, frames: HandFrame[], before: string[] = []): FaultRow {
  return fault(name, "5.4", frames, "bad-continuation 1002", 1, { before });
}

/** Every border of every range (RFC 6455, 7.4.2), and what the registry has. */
export const validCodes = [
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014],
  ...[3000, 3001, 3500, 3999, 4000, 4500, 4999],
];
export const invalidCodes = [
  ...[0, 1, 255, 256, 500, 998, 999, 1004, 1005, 1006, 1015, 1016, 1017, 1099, 1100, 1999, 2000, 2998, 2999],
  ...[5000, 5001, 9999, 0x8000, 65_535],
];

const MORE = [whole(OP.ping, "late"), whole(OP.text, "late"), whole(OP.close), whole(3, "wrong")];

const closeRows: FrameRow[] = [
  good("a close without payload", "5.5.1", [whole(OP.close)], ['close 1005 ""']),
  good("a close with a code alone", "5.5.1", [whole(OP.close, closing(1000))], ['close 1000 ""']),
  good("a close with a reason", "5.5.1", [whole(OP.close, closing(1001, "bye"))], ['close 1001 "bye"']),
  good(
    "a close with a reason that is not ASCII",
    "5.5.1",
    [whole(OP.close, closing(3000, new TextEncoder().encode("\ufeffκόσμε 🙂")))],
    ['close 3000 "\ufeffκόσμε 🙂"'],
  ),
  good("a close of 125 bytes", "5.5.1", [whole(OP.close, closing(1000, "*".repeat(123)))], [
    `close 1000 "${"*".repeat(123)}"`,
  ]),
  good("a message, a ping, a close", "5.5.1", [whole(OP.text, "a"), whole(OP.ping), whole(OP.close)], [
    'text "a"',
    'ping ""',
    'close 1005 ""',
  ]),
  good(
    "a close inside a message",
    "5.4",
    [begun(OP.text, "a"), whole(OP.close), whole(OP.continuation, "b")],
    [
      'text more "a"',
      'close 1005 ""',
    ],
    { inside: "message" },
  ),
  good("whatever comes after a close", "5.5.1", [whole(OP.close, closing(1000, "end")), ...MORE], [
    'close 1000 "end"',
  ]),
  ...validCodes.map((code) =>
    good(`a close with the code ${code}`, "7.4", [whole(OP.close, closing(code, "x"))], [`close ${code} "x"`])
  ),
  ...invalidCodes.flatMap((code) => [
    fault(`the code ${code}`, "7.4", [whole(OP.close, closing(code))], "bad-close-code 1002", "last"),
    fault(
      `the code ${code} and a reason`,
      "7.4",
      [whole(OP.close, closing(code, "x"))],
      "bad-close-code 1002",
      "last",
    ),
  ]),
  fault("half a code", "5.5.1", [whole(OP.close, "\x03")], "bad-close 1002", "last"),
  ...[
    "ff",
    "ce",
    "ce ba e1 bd",
    "ed a0 80",
    "c0 80",
    "f4 90 80 80",
    "61 80",
    "ce ba e1 bd b9 cf 83 ed a0 80 65",
  ].map((
    hex,
  ) =>
    fault(
      `a reason that is not UTF-8: ${hex}`,
      "5.5.1",
      [whole(OP.close, closing(1000, fromHex(hex)))],
      "invalid-utf8 1007",
      "last",
    )
  ),
  fault(
    "124 bytes of reason",
    "5.5",
    [whole(OP.close, closing(1000, "*".repeat(124)))],
    "large-control 1002",
    2,
  ),
];

/** When more than one thing is wrong, the first byte tells first. */
const firstOfAll: FaultRow[] = [
  fault("a reserved bit on a reserved opcode", "5.2", [frame(RSV2 | 3)], "reserved-bit 1002", 1),
  fault(
    "a reserved opcode in fragments",
    "5.2",
    [frame(11, "a", { lengthBytes: 2 })],
    "reserved-opcode 1002",
    1,
  ),
  fault("a large ping in fragments", "5.5", [begun(OP.ping, "*".repeat(126))], "fragmented-control 1002", 1),
  fault(
    "a wrong mask before a wrong length",
    "5.1",
    [whole(OP.text, "a", { lengthBytes: 8, key: null })],
    "unmasked-frame 1002",
    2,
    { peer: "client" },
  ),
];

export const allOrderRows: readonly FrameRow[] = [
  ...reservedBits,
  ...compressed,
  ...opcodeRows,
  ...fragmentRows,
  ...closeRows,
  ...firstOfAll,
];
