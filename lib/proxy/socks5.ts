// SOCKS5 (RFC 1928), the CONNECT command without authentication. Parsing is pure; `negotiateSocks5` does the talking.
// Invariant: everything read that is not part of the handshake is given back to the transport.

import { isIPv6 } from "node:net";
import { peek, type PeekResult } from "../net/peek.ts";
import type { Endpoint, Transport } from "../net/transport.ts";

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const NO_ACCEPTABLE_METHOD = 0xff;
const COMMAND_CONNECT = 1;

/** RFC 1928, 6. */
export const SOCKS5_REPLY = {
  succeeded: 0,
  failure: 1,
  notAllowed: 2,
  hostUnreachable: 4,
  refused: 5,
  timedOut: 6,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const;

export type Socks5Request =
  | { kind: "incomplete" }
  | { kind: "fault"; reply: number; message: string }
  | { kind: "connect"; target: Endpoint; length: number };

/** RFC 1928, 3: the method list; the number of bytes it takes, 0 when incomplete. */
export function greetingLength(bytes: Uint8Array): number {
  const count = bytes[1];
  if (count === undefined) return 0;
  return bytes.length >= 2 + count ? 2 + count : 0;
}

/** RFC 1928, 4. */
export function parseSocks5Request(bytes: Uint8Array): Socks5Request {
  const [version, command, , addressType] = bytes;
  if (version !== undefined && version !== VERSION) {
    return { kind: "fault", reply: SOCKS5_REPLY.failure, message: "not a SOCKS5 request" };
  }
  if (addressType === undefined) return { kind: "incomplete" };
  if (command !== COMMAND_CONNECT) {
    return {
      kind: "fault",
      reply: SOCKS5_REPLY.commandNotSupported,
      message: "only the SOCKS5 command CONNECT is supported",
    };
  }
  let host: string;
  let offset: number;
  if (addressType === 1) {
    offset = 8;
    host = [...bytes.subarray(4, 8)].join(".");
  } else if (addressType === 4) {
    offset = 20;
    host = formatIpv6(bytes.subarray(4, 20));
  } else if (addressType === 3) {
    const length = bytes[4];
    if (length === undefined) return { kind: "incomplete" };
    offset = 5 + length;
    host = String.fromCharCode(...bytes.subarray(5, offset));
    if (bytes.length >= offset && !/^[A-Za-z0-9._-]+$/.test(host) && !isIPv6(host)) {
      return {
        kind: "fault",
        reply: SOCKS5_REPLY.failure,
        message: "the SOCKS5 request names a host that is not valid",
      };
    }
  } else {
    return {
      kind: "fault",
      reply: SOCKS5_REPLY.addressTypeNotSupported,
      message: "unknown SOCKS5 address type",
    };
  }
  if (bytes.length < offset + 2) return { kind: "incomplete" };
  const port = ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
  if (port === 0) {
    return { kind: "fault", reply: SOCKS5_REPLY.failure, message: "the SOCKS5 request names port 0" };
  }
  return { kind: "connect", target: { host, port }, length: offset + 2 };
}

/** RFC 1928, 6: a reply; the bound address is not told (0.0.0.0:0), as nearly no client asks for it. */
export function socks5Reply(reply: number): Uint8Array {
  return Uint8Array.of(VERSION, reply, 0, 1, 0, 0, 0, 0, 0, 0);
}

/** The request of a client whose first byte was 5; a string says what was wrong (the client has been answered). */
export async function negotiateSocks5(transport: Transport, timeout: number): Promise<Endpoint | string> {
  const timeouts = { silence: timeout, undecided: timeout };
  let greeting = new Uint8Array(0);
  let result = await peek(transport, timeouts, (bytes) => {
    greeting = bytes.slice();
    return greetingLength(bytes) > 0;
  });
  if (result.kind !== "decided") return describe(result);
  const length = greetingLength(greeting);
  await take(transport, length);
  if (!greeting.subarray(2, length).includes(NO_AUTHENTICATION)) {
    await write(transport, Uint8Array.of(VERSION, NO_ACCEPTABLE_METHOD));
    return "the SOCKS5 client insists on authentication, which is not supported";
  }
  await write(transport, Uint8Array.of(VERSION, NO_AUTHENTICATION));
  let request: Socks5Request = { kind: "incomplete" };
  result = await peek(transport, timeouts, (bytes) => {
    request = parseSocks5Request(bytes);
    return request.kind !== "incomplete";
  });
  if (result.kind !== "decided") return describe(result);
  return await settle(transport, request);
}

async function settle(transport: Transport, request: Socks5Request): Promise<Endpoint | string> {
  if (request.kind === "fault") {
    await write(transport, socks5Reply(request.reply));
    return request.message;
  }
  if (request.kind === "incomplete") return "the SOCKS5 request is incomplete";
  await take(transport, request.length);
  return request.target;
}

function describe(result: PeekResult): string {
  return result.kind === "timed-out"
    ? "the SOCKS5 handshake timed out"
    : "the client closed during the SOCKS5 handshake";
}

/** Removes `length` bytes that are known to be there. */
function take(transport: Transport, length: number): Promise<void> {
  return new Promise((resolve) => {
    let rest = length;
    transport.attach({
      data(chunk) {
        const taken = Math.min(rest, chunk.length);
        rest -= taken;
        if (rest > 0) return true;
        transport.attach(null);
        transport.unread(chunk.subarray(taken));
        resolve();
        return false;
      },
      end: () => resolve(),
      closed: () => resolve(),
    });
  });
}

/** One small write; a transport that is gone meanwhile is noticed by who reads from it next. */
export function write(transport: Transport, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (transport.isClosed) return resolve();
    transport.attach({
      data: (chunk) => (transport.unread(chunk), false),
      end: () => {},
      closed: () => resolve(),
    });
    transport.pause();
    transport.write(bytes, () => {
      transport.attach(null);
      resolve();
    });
  });
}

/** RFC 5952, 4: the spelling that host patterns and people expect. */
function formatIpv6(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let index = 0; index < 16; index += 2) {
    groups.push((((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0)).toString(16));
  }
  const text = groups.join(":");
  const zeros = text.match(/\b0(:0)+\b/g) ?? [];
  // The longest run of zeros is left out, the first one of equals; a single zero is not.
  const longest = zeros.reduce((best, run) => run.length > best.length ? run : best, "");
  if (longest === "") return text;
  const at = text.search(new RegExp(`\\b${longest}\\b`));
  return `${text.slice(0, at).replace(/:$/, "")}::${text.slice(at + longest.length).replace(/^:/, "")}`;
}
