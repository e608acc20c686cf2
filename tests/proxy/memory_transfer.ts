// Large transfers with a far side that stalls, over Deno's own sockets: they are only read when asked, and a write is
// done when the system has taken it, so what is under way can be counted.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";
import { pattern, PATTERN_PERIOD } from "../net/socket_pairs.ts";
import { soon } from "./tunnel_clients.ts";

const MEBIBYTE = 1024 * 1024;
const PIECE = 64 * 1024;
/** Nothing moved for this long, so many times in a row: everything is full. Milliseconds. */
const LOOK = 40;
const QUIET_LOOKS = 5;
export const HOST = "large.example";

/** The pattern, long enough for a piece from anywhere in it. */
const table = pattern(PATTERN_PERIOD + PIECE, 11);

/** The bytes that belong at `offset`. */
export function bytesAt(offset: number, length: number): Uint8Array {
  const at = offset % PATTERN_PERIOD;
  return table.subarray(at, at + length);
}

export class Sender {
  /** How many bytes the system has taken. */
  taken = 0;
  readonly #done: Promise<void>;

  /** Writes `size` bytes of the pattern, as fast as they are taken. */
  constructor(connection: Deno.Conn, size: number) {
    this.#done = this.#run(connection, size);
    // Looked at by `done()`.
    this.#done.catch(() => {});
  }

  done(): Promise<void> {
    return this.#done;
  }

  /** Waits until nothing more is taken; how much that was. */
  async stopped(): Promise<number> {
    let quiet = 0;
    let seen = -1;
    while (quiet < QUIET_LOOKS) {
      quiet = this.taken === seen ? quiet + 1 : 0;
      seen = this.taken;
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    return this.taken;
  }

  async #run(connection: Deno.Conn, size: number): Promise<void> {
    while (this.taken < size) {
      const piece = bytesAt(this.taken, Math.min(PIECE, size - this.taken));
      this.taken += await connection.write(piece);
    }
  }
}

/** Reads `size` bytes and compares each with what belongs there. Returns what came behind them. */
export async function receive(connection: Deno.Conn, first: Uint8Array, size: number): Promise<void> {
  const buffer = new Uint8Array(PIECE);
  let offset = 0;
  const take = (bytes: Uint8Array) => {
    const same = Buffer.compare(bytes, bytesAt(offset, bytes.length)) === 0;
    if (!same) assert.fail(`other bytes within ${bytes.length} from ${offset} on`);
    offset += bytes.length;
  };
  take(first);
  while (offset < size) {
    const count = await connection.read(buffer);
    if (count === null) assert.fail(`ended after ${offset} of ${size} bytes`);
    take(buffer.subarray(0, count));
  }
  assert.equal(offset, size);
}

/** Reads a head, to its empty line; what came behind it. */
export async function readHead(connection: Deno.Conn): Promise<{ head: string; rest: Uint8Array }> {
  let bytes = new Uint8Array(0);
  const buffer = new Uint8Array(4096);
  while (true) {
    const text = new TextDecoder("latin1").decode(bytes);
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) return { head: text.slice(0, end + 4), rest: bytes.slice(end + 4) };
    const count = await connection.read(buffer);
    if (count === null) throw new Error(`ended in a head: ${text}`);
    bytes = Uint8Array.from([...bytes, ...buffer.subarray(0, count)]);
  }
}

export async function writeText(connection: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}

export interface Ends extends Disposable {
  client: Deno.Conn;
  server: Deno.Conn;
  target: string;
}

/** A client in a CONNECT tunnel, and the connection an origin got for it. TLS on both legs, or on none. */
export async function openEnds(proxyPort: number, caPem: string, tls: boolean): Promise<Ends> {
  const { certificatePem, keyPem } = await (await testOriginAuthority()).leafFor({
    host: HOST,
    extraNames: ["127.0.0.1"],
  });
  using listener = tls
    ? Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: certificatePem, key: keyPem })
    : Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const target = `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
  const accepting: Promise<Deno.Conn> = listener.accept();
  let client: Deno.Conn = await Deno.connect({ hostname: "127.0.0.1", port: proxyPort });
  await writeText(client, `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  const { head } = await readHead(client);
  assert.match(head, /^HTTP\/1\.1 200 /);
  const accepted = soon(accepting, "the origin's connection");
  if (tls) {
    const [secured] = await Promise.all([
      (async () => {
        const session = await Deno.startTls(client as Deno.TcpConn, { hostname: HOST, caCerts: [caPem] });
        await session.handshake();
        return session;
      })(),
      accepted.then((server) => (server as Deno.TlsConn).handshake()),
    ]);
    client = secured;
  }
  const server = await accepted;
  return {
    client,
    server,
    target,
    [Symbol.dispose]() {
      client.close();
      server.close();
    },
  };
}

export function mebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
