// What a peer of a WebSocket may not send, and what is said of it: one row a rule (RFC 6455; RFC 7692).

import type { Settings } from "../../lib/proxy/settings.ts";
import { DeflatePeer } from "../kit/websocket_deflate.ts";
import { type Framer, joined, KEY, OP, RSV1 } from "../kit/websocket_frames.ts";

export interface FaultRow {
  name: string;
  bytes: (say: Framer) => Uint8Array | Promise<Uint8Array>;
  code: number;
  error: string;
  rule: string;
  /** Who can do it; both unless told. */
  by?: "client" | "server";
  extensions?: string;
  settings?: Partial<Settings>;
  /** What of it has gone on before it was noticed. */
  heard?: string[];
}

export const compressed = async (say: Framer, text: string): Promise<Uint8Array> => {
  using peer = new DeflatePeer();
  return say.text(await peer.compress(text), { reserved: RSV1 });
};

export const DEFLATE = { extensions: "permessage-deflate" };

export const faultRows: FaultRow[] = [
  {
    name: "a frame without a mask",
    by: "client",
    bytes: (say) => say.text("x", { key: null }),
    code: 1002,
    error: "unmasked-frame",
    rule: "RFC 6455, 5.1",
  },
  {
    name: "a frame with a mask",
    by: "server",
    bytes: (say) => say.text("x", { key: KEY }),
    code: 1002,
    error: "masked-frame",
    rule: "RFC 6455, 5.1",
  },
  {
    name: "RSV2",
    bytes: (say) => say.text("x", { reserved: 0x20 }),
    code: 1002,
    error: "reserved-bit",
    rule: "RFC 6455, 5.2",
  },
  {
    name: "RSV1, and nothing was agreed on",
    bytes: (say) => say.text("x", { reserved: RSV1 }),
    code: 1002,
    error: "reserved-bit",
    rule: "RFC 6455, 5.2",
  },
  {
    name: "RSV1 on a continuation",
    ...DEFLATE,
    bytes: (say) => joined([say.text("x", { more: true }), say.continuation("y", { reserved: RSV1 })]),
    code: 1002,
    error: "reserved-bit",
    rule: "RFC 7692, 6.1",
    heard: ['text more "x"'],
  },
  {
    name: "a reserved opcode",
    bytes: (say) => say.frame(0x3, "x"),
    code: 1002,
    error: "reserved-opcode",
    rule: "RFC 6455, 5.2",
  },
  {
    name: "a reserved opcode of control",
    bytes: (say) => say.frame(0xb, ""),
    code: 1002,
    error: "reserved-opcode",
    rule: "RFC 6455, 5.2",
  },
  {
    name: "a PING in fragments",
    bytes: (say) => say.ping("x", { more: true }),
    code: 1002,
    error: "fragmented-control",
    rule: "RFC 6455, 5.5",
  },
  {
    name: "a PING of 126 bytes",
    bytes: (say) => say.ping("x".repeat(126)),
    code: 1002,
    error: "large-control",
    rule: "RFC 6455, 5.5",
  },
  {
    name: "a continuation of nothing",
    bytes: (say) => say.continuation("x"),
    code: 1002,
    error: "bad-continuation",
    rule: "RFC 6455, 5.4",
  },
  {
    name: "a message inside another",
    bytes: (say) => joined([say.text("x", { more: true }), say.text("y")]),
    code: 1002,
    error: "bad-continuation",
    rule: "RFC 6455, 5.4",
    heard: ['text more "x"'],
  },
  {
    name: "a length in more bytes than it needs",
    bytes: (say) => say.binary("x".repeat(125), { lengthBytes: 2 }),
    code: 1002,
    error: "bad-length",
    rule: "RFC 6455, 5.2",
  },
  {
    name: "a length with its first bit set",
    bytes: (say) => say.binary("", { says: 2 ** 63 }),
    code: 1002,
    error: "bad-length",
    rule: "RFC 6455, 5.2",
  },
  {
    name: "a Close frame with half a code",
    bytes: (say) => say.frame(OP.close, "\x03"),
    code: 1002,
    error: "bad-close",
    rule: "RFC 6455, 5.5.1",
  },
  ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000].map((code): FaultRow => ({
    name: `a Close frame with the code ${code}`,
    bytes: (say) => say.close(code),
    code: 1002,
    error: "bad-close-code",
    rule: "RFC 6455, 7.4",
  })),
  {
    name: "a Close frame whose reason is not UTF-8",
    bytes: (say) => say.close(1000, "\xff"),
    code: 1007,
    error: "invalid-utf8",
    rule: "RFC 6455, 5.5.1",
  },
  {
    name: "a text that is not UTF-8",
    bytes: (say) => say.text("a\xffb"),
    code: 1007,
    error: "invalid-utf8",
    rule: "RFC 6455, 8.1",
  },
  {
    name: "a text with a code point that goes on wrong in the third fragment",
    bytes: (say) =>
      joined([
        say.text("a\xe2", { more: true }),
        say.continuation("\x82", { more: true }),
        say.continuation("\x28"),
      ]),
    code: 1007,
    error: "invalid-utf8",
    rule: "RFC 6455, 8.1",
    heard: ['text more "a\xe2"', 'continuation more "\x82"'],
  },
  {
    name: "a text that ends within a code point",
    bytes: (say) => joined([say.text("a\xf0\x9f", { more: true }), say.continuation("\x98")]),
    code: 1007,
    error: "invalid-utf8",
    rule: "RFC 6455, 8.1",
    heard: ['text more "a\xf0\x9f"'],
  },
  {
    name: "a text that ends within a code point, behind an empty fragment",
    bytes: (say) => joined([say.text("\xc3", { more: true }), say.continuation("")]),
    code: 1007,
    error: "invalid-utf8",
    rule: "RFC 6455, 8.1",
    heard: ['text more "\xc3"'],
  },
  {
    name: "a compressed text that is not UTF-8",
    ...DEFLATE,
    bytes: (say) => compressed(say, "a".repeat(1000) + "\xc0\x80"),
    code: 1007,
    error: "invalid-utf8",
    rule: "RFC 6455, 8.1",
  },
  {
    name: "what cannot be decompressed",
    ...DEFLATE,
    bytes: (say) => say.binary("\xff\xff\xff\xff", { reserved: RSV1 }),
    code: 1007,
    error: "bad-compression",
    rule: "RFC 7692, 7.2.2",
  },
  {
    name: "a frame larger than anybody can count",
    bytes: (say) => say.binary("", { says: 2 ** 53 }),
    code: 1009,
    error: "frame-too-large",
    rule: "limit: frame size",
  },
  {
    name: "a message over --body-size-limit",
    settings: { bodySizeLimit: 10 },
    bytes: (say) =>
      joined([say.binary("0123456789"), say.text("01234", { more: true }), say.continuation("56789x")]),
    code: 1009,
    error: "message-too-large",
    rule: "limit: --body-size-limit",
    heard: ['binary "0123456789"', 'text more "01234"'],
  },
  {
    name: "a compressed message over --body-size-limit",
    ...DEFLATE,
    settings: { bodySizeLimit: 1000 },
    bytes: (say) => compressed(say, "a".repeat(1001)),
    code: 1009,
    error: "message-too-large",
    rule: "limit: --body-size-limit",
  },
];
