// One WebSocket connection of the bench's load client, over TLS: whole messages out as ready-made frames, whole
// messages in, in a buffer that is reused.

import { type Address, connect, writeAll } from "./bench_http.ts";
import { CLOSE, FIN, FrameHead, maskedFrame, RSV1 } from "./bench_websocket_frames.ts";
import { upgradeFault, upgradeRequest } from "./bench_websocket_handshake.ts";

/** Where to connect; the certificate must be for localhost. */
export interface WebSocketAddress extends Address {
  ca: string;
  /** By CONNECT to this port of 127.0.0.1; null: directly. */
  tunnelTo: number | null;
}

export interface Message {
  /** Valid until the next one is asked for. */
  payload: Uint8Array;
  isCompressed: boolean;
}

const READ_SIZE = 64 * 1024;
const HEAD_LIMIT = 64 * 1024;
/** 1000: normal closure (RFC 6455, 7.4.1). */
const NORMAL_CLOSURE = new Uint8Array([0x03, 0xe8]);
const latin1 = new TextDecoder("latin1");

export class WebSocketClient implements Disposable {
  readonly #conn: Deno.Conn;
  readonly #buffer = new Uint8Array(READ_SIZE);
  #start = 0;
  #end = 0;
  readonly #head = new FrameHead();
  /** Of the payload of the frame that is under way. */
  #left = 0;
  readonly #message: Uint8Array;
  #length = 0;
  #isCompressed = false;

  /** `capacity`: of the longest message that may come. */
  private constructor(conn: Deno.Conn, capacity: number) {
    this.#conn = conn;
    this.#message = new Uint8Array(capacity);
  }

  static async open(address: WebSocketAddress, deflate: boolean, capacity: number): Promise<WebSocketClient> {
    const client = new WebSocketClient(await connectThrough(address), capacity);
    try {
      const key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
      const host = `localhost:${address.tunnelTo ?? address.port}`;
      await client.send(new TextEncoder().encode(upgradeRequest(host, key, deflate)));
      const fault = upgradeFault(await readHead(client.#conn), key, deflate);
      if (fault !== null) throw new Error(fault);
      return client;
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
  }

  /** Whole frames. */
  async send(bytes: Uint8Array): Promise<void> {
    await writeAll(this.#conn, bytes);
  }

  async sendClose(): Promise<void> {
    await this.send(maskedFrame(FIN | CLOSE, NORMAL_CLOSURE, crypto.getRandomValues(new Uint8Array(4))));
  }

  /** The next message; null: the other side has closed. Rejects when the connection ends without that. */
  async receive(): Promise<Message | null> {
    for (;;) {
      const found = this.#scan();
      if (found === "message") {
        return { payload: this.#message.subarray(0, this.#length), isCompressed: this.#isCompressed };
      }
      if (found === "close") return null;
      const count = await this.#conn.read(this.#buffer);
      if (count === null) throw new Error("the connection ended without a close frame");
      this.#start = 0;
      this.#end = count;
    }
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }

  /** Takes what was read, up to the end of a message. */
  #scan(): "message" | "close" | null {
    const head = this.#head;
    while (this.#start < this.#end) {
      if (this.#left === 0) {
        if (!head.take(this.#buffer[this.#start++] ?? 0)) continue;
        if (head.isMasked) throw new Error("a frame came masked");
        this.#left = head.length;
        if (!head.isControl && head.opcode !== 0) {
          this.#length = 0;
          this.#isCompressed = (head.first & RSV1) !== 0;
        }
      } else {
        const count = Math.min(this.#left, this.#end - this.#start);
        if (!head.isControl) this.#append(this.#buffer.subarray(this.#start, this.#start + count));
        this.#start += count;
        this.#left -= count;
      }
      if (this.#left > 0) continue;
      if (head.opcode === CLOSE) return "close";
      if (head.isFinal && !head.isControl) return "message";
    }
    return null;
  }

  #append(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#message.length) {
      throw new Error(`a message of more than ${this.#message.length} bytes came`);
    }
    this.#message.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}

async function connectThrough({ port, ca, tunnelTo }: WebSocketAddress): Promise<Deno.Conn> {
  if (tunnelTo === null) return await connect({ port, ca });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    conn.setNoDelay();
    const target = `127.0.0.1:${tunnelTo}`;
    await writeAll(conn, new TextEncoder().encode(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`));
    const head = await readHead(conn);
    if (!/^HTTP\/1\.\d 200 /.test(head)) {
      throw new Error(`the answer to CONNECT is "${head.split("\r\n")[0]}"`);
    }
  } catch (error) {
    conn.close();
    throw error;
  }
  return await Deno.startTls(conn, { hostname: "localhost", caCerts: [ca] });
}

/** A head after which the other side waits: nothing may follow it. */
async function readHead(conn: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(READ_SIZE);
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error(text === "" ? "no answer" : "the connection ended inside a head");
    text += latin1.decode(buffer.subarray(0, count));
    if (text.length > HEAD_LIMIT) throw new Error("a head without end");
  }
  if (!text.endsWith("\r\n\r\n")) throw new Error("something follows the head");
  return text;
}
