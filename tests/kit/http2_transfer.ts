// A large body on one HTTP/2 stream, by hand, over Deno's own sockets: they are read only when asked, so what is under
// way can be counted. Both ends keep to the windows they are given, and grant what they are told to.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  DEFAULT_WINDOW,
  type FieldLine,
  FLAG,
  headers,
  MAX_WINDOW,
  ping,
  PREFACE,
  readSettings,
  readUint32,
  SETTING,
  settings,
  settingsAck,
  TYPE,
  windowUpdate,
} from "./http2_frames.ts";
import { testOriginAuthority } from "./proxy_fixture.ts";
import { bytesAt, readHead, writeText } from "../proxy/memory_transfer.ts";
import { soon } from "../proxy/tunnel_clients.ts";

const FRAME = 16_384;
/** DATA frames written at once. */
const BATCH = 4;
const HEADER = 9;
/** Enough for all that a test sends. */
const HUGE_WINDOW = 1 << 30;
/** Nothing moved for this long, so many times in a row: everything is full. Milliseconds. */
const LOOK = 40;
const QUIET_LOOKS = 5;

export type End = "client" | "server";

export class Http2End {
  /** Bytes of DATA that were written on the stream, and that came. */
  sent = 0;
  received = 0;
  readonly #conn: Deno.Conn;
  #stream = 0;
  #window = DEFAULT_WINDOW;
  #streamWindow = DEFAULT_WINDOW;
  #initialWindow = DEFAULT_WINDOW;
  readonly #granted: number;
  #ended = false;
  #reset: number | null = null;
  #prefaceLeft: number;
  #changed = Promise.withResolvers<void>();
  #writing: Promise<unknown> = Promise.resolve();
  readonly #reading: Promise<void>;
  readonly #heads = new Set<number>();
  #pings = 0;

  /** `granted`: how much may come on a stream before `grantAll`. */
  constructor(conn: Deno.Conn, end: End, granted: number) {
    this.#conn = conn;
    this.#granted = granted;
    this.#prefaceLeft = end === "server" ? PREFACE.length : 0;
    if (end === "client") this.write(PREFACE);
    this.write(settings([SETTING.INITIAL_WINDOW_SIZE, granted]));
    this.write(windowUpdate(0, MAX_WINDOW - DEFAULT_WINDOW));
    this.#reading = this.#read();
    // Looked at by what waits.
    this.#reading.catch(() => this.#note());
  }

  write(bytes: Uint8Array): Promise<void> {
    const writing = this.#writing.then(async () => {
      for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
    });
    this.#writing = writing.catch(() => {});
    return writing;
  }

  /** From now on `stream` is the one that bodies go over. */
  use(stream: number): void {
    this.#stream = stream;
    this.sent = this.received = 0;
    this.#streamWindow = this.#initialWindow;
    this.#ended = false;
  }

  /** Sends a head. */
  head(fields: readonly FieldLine[], end = false): Promise<void> {
    return this.write(headers(this.#stream, fields, { end }));
  }

  /** Waits for a head. */
  async headCame(): Promise<void> {
    while (!this.#heads.has(this.#stream)) await this.#more();
  }

  /** Waits until so many bytes have come. */
  async came(count: number): Promise<void> {
    while (this.received < count) await this.#more();
  }

  /** Asks for a sign of life, and waits for it. */
  async ping(): Promise<void> {
    const before = this.#pings;
    await this.write(ping());
    while (this.#pings === before) await this.#more();
  }

  /** Sends `size` bytes of the pattern, as the windows allow. */
  async send(size: number): Promise<void> {
    const frames = new Uint8Array(BATCH * (HEADER + FRAME));
    const view = new DataView(frames.buffer);
    while (this.sent < size) {
      let at = 0;
      for (let count = 0; count < BATCH && this.sent < size; count++) {
        const length = Math.min(FRAME, size - this.sent, this.#window, this.#streamWindow);
        if (length <= 0) break;
        const end = this.sent + length === size;
        view.setUint32(at, (length << 8) | TYPE.DATA);
        view.setUint8(at + 4, end ? FLAG.END_STREAM : 0);
        view.setUint32(at + 5, this.#stream);
        frames.set(bytesAt(this.sent, length), at + HEADER);
        at += HEADER + length;
        this.sent += length;
        this.#window -= length;
        this.#streamWindow -= length;
      }
      if (at === 0) await this.#more();
      else await this.write(frames.subarray(0, at));
    }
  }

  /** Waits until nothing more is sent; how much that was. */
  async stopped(): Promise<number> {
    let quiet = 0;
    let seen = -1;
    while (quiet < QUIET_LOOKS) {
      quiet = this.sent === seen ? quiet + 1 : 0;
      seen = this.sent;
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    return this.sent;
  }

  /** From now on everything may come on the stream. */
  async grantAll(): Promise<void> {
    await this.write(windowUpdate(this.#stream, HUGE_WINDOW - this.#granted));
  }

  /** Waits for the end of the stream. */
  async endCame(): Promise<void> {
    while (!this.#ended) await this.#more();
    assert.equal(this.#reset, null, `reset with ${this.#reset} after ${this.received} bytes`);
  }

  async #more(): Promise<void> {
    // Rejects with what reading failed with.
    await Promise.race([
      this.#changed.promise,
      this.#reading.then(() =>
        Promise.reject(new Error(`the connection ended after ${this.received} bytes`))
      ),
    ]);
  }

  #note(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(256 * 1024);
    let length = 0;
    for (;;) {
      const count = await this.#conn.read(buffer.subarray(length));
      if (count === null) return;
      length += count;
      let at = Math.min(this.#prefaceLeft, length);
      this.#prefaceLeft -= at;
      while (length - at >= HEADER) {
        const size = readUint32(buffer, at) >>> 8;
        if (length - at < HEADER + size) break;
        this.#frame(buffer.subarray(at, at + HEADER + size));
        at += HEADER + size;
      }
      buffer.copyWithin(0, at, length);
      length -= at;
      this.#note();
    }
  }

  #frame(frame: Uint8Array): void {
    const type = frame[3];
    const flags = frame[4] ?? 0;
    const stream = readUint32(frame, 5);
    const payload = frame.subarray(HEADER);
    if (type === TYPE.DATA && stream === this.#stream) {
      const same = Buffer.compare(payload, bytesAt(this.received, payload.length)) === 0;
      assert.ok(same, `other bytes within ${payload.length} from ${this.received} on`);
      this.received += payload.length;
    }
    if (type === TYPE.HEADERS) this.#heads.add(stream);
    if (type === TYPE.WINDOW_UPDATE) {
      const increment = readUint32(payload, 0);
      if (stream === 0) this.#window += increment;
      else if (stream === this.#stream) this.#streamWindow += increment;
    }
    if (type === TYPE.SETTINGS && (flags & FLAG.ACK) === 0) this.#settings(payload);
    if (type === TYPE.PING && (flags & FLAG.ACK) === 0) void this.write(ping(payload.slice(), true));
    if (type === TYPE.PING && (flags & FLAG.ACK) !== 0) this.#pings++;
    if (type === TYPE.RST_STREAM && stream === this.#stream) {
      this.#reset = readUint32(payload, 0);
      this.#ended = true;
    }
    const isLast = (type === TYPE.DATA || type === TYPE.HEADERS) && (flags & FLAG.END_STREAM) !== 0;
    if (isLast && stream === this.#stream) this.#ended = true;
  }

  #settings(payload: Uint8Array): void {
    for (const [id, value] of readSettings(payload)) {
      if (id !== SETTING.INITIAL_WINDOW_SIZE) continue;
      this.#streamWindow += value - this.#initialWindow;
      this.#initialWindow = value;
    }
    void this.write(settingsAck);
  }
}

export interface Http2Ends extends Disposable {
  client: Http2End;
  server: Http2End;
}

/**
 * A client in a CONNECT tunnel to an origin at localhost, TLS on both legs, one request under way on stream 1 of each.
 * `granted`: how much of a body each takes before `grantAll`.
 */
export async function openHttp2Ends(
  proxyPort: number,
  caPem: string,
  method: "GET" | "POST",
  granted: number,
): Promise<Http2Ends> {
  const { certificatePem: cert, keyPem: key } = await (await testOriginAuthority()).leafFor({
    host: "localhost",
    extraNames: ["127.0.0.1"],
  });
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key, alpnProtocols: ["h2"] });
  const target = `localhost:${(listener.addr as Deno.NetAddr).port}`;
  const accepting = listener.accept();
  const plain = await Deno.connect({ hostname: "127.0.0.1", port: proxyPort });
  await writeText(plain, `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  assert.match((await readHead(plain)).head, /^HTTP\/1\.1 200 /);
  const [client, server] = await Promise.all([
    (async () => {
      const session = await Deno.startTls(plain, {
        hostname: "localhost",
        caCerts: [caPem],
        alpnProtocols: ["h2"],
      });
      assert.equal((await session.handshake()).alpnProtocol, "h2");
      return session;
    })(),
    soon(accepting, "the origin's connection").then(async (conn) => {
      await conn.handshake();
      return conn;
    }),
  ]);
  const ends = {
    client: new Http2End(client, "client", granted),
    server: new Http2End(server, "server", granted),
  };
  ends.client.use(1);
  ends.server.use(1);
  const head: FieldLine[] = [[":method", method], [":scheme", "https"], [":authority", target], [
    ":path",
    "/",
  ]];
  await ends.client.head(head, method === "GET");
  await ends.server.headCame();
  return {
    ...ends,
    [Symbol.dispose]() {
      client.close();
      server.close();
    },
  };
}
