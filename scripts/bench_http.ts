// A small HTTP/1.1 client for what wrk cannot do: looking at an answer, an exact number of requests, stalling.
// It reads answers with a Content-Length, which is all the bench's origins send.

/** The reading buffer. Bytes. */
const READ_SIZE = 64 * 1024;
const HEAD_LIMIT = 64 * 1024;
/** One character a byte, which is all that counts here. */
const latin1 = new TextDecoder("latin1");

/** Where to connect: a port of 127.0.0.1, and the CA to trust in PEM; null: plain. */
export interface Address {
  port: number;
  ca: string | null;
}

export async function connect({ port, ca }: Address): Promise<Deno.Conn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay();
  return ca === null ? conn : await Deno.startTls(conn, { hostname: "localhost", caCerts: [ca] });
}

export interface Head {
  /** "HTTP/1.1 200 OK", or the request line. */
  startLine: string;
  contentLength: number;
}

/** Heads and bodies, one after the other, from a connection. */
export class MessageReader {
  readonly #conn: Deno.Conn;
  readonly #buffer = new Uint8Array(READ_SIZE);
  #start = 0;
  #end = 0;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Null when the connection ends before it. */
  async head(): Promise<Head | null> {
    let text = "";
    for (;;) {
      const before = text.length;
      text += latin1.decode(this.#buffer.subarray(this.#start, this.#end));
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#start += end + 4 - before;
        const length = /^content-length:[ \t]*(\d+)[ \t]*$/im.exec(text.slice(0, end))?.[1] ?? "0";
        return { startLine: text.slice(0, text.indexOf("\r\n")), contentLength: Number(length) };
      }
      if (text.length > HEAD_LIMIT) throw new Error("a head without end");
      if (!await this.#fill()) return text === "" ? null : fail("the connection ended inside a head");
    }
  }

  /** Reads up to `length` bytes away; how many there were: 0 at the end of the connection. */
  async skip(length: number): Promise<number> {
    if (this.#start === this.#end && !await this.#fill()) return 0;
    const count = Math.min(length, this.#end - this.#start);
    this.#start += count;
    return count;
  }

  async #fill(): Promise<boolean> {
    const count = await this.#conn.read(this.#buffer);
    this.#start = 0;
    this.#end = count ?? 0;
    return count !== null;
  }
}

export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** Reads the rest of a body away. */
export async function skipBody(reader: MessageReader, length: number): Promise<void> {
  for (let left = length; left > 0;) {
    const count = await reader.skip(left);
    if (count === 0) throw new Error(`a body ended ${left} bytes before its end`);
    left -= count;
  }
}

/** GETs `path` on a connection of its own. Rejects unless the answer is a 200 with a body of `length` bytes. */
export async function checkAnswer(address: Address, path: string, length: number): Promise<void> {
  using conn = await connect(address);
  await getOn(conn, new MessageReader(conn), path, length);
}

/** The same on a connection that stays open. */
export async function getOn(
  conn: Deno.Conn,
  reader: MessageReader,
  path: string,
  length: number,
): Promise<void> {
  await writeAll(conn, requestBytes("GET", path, null));
  const head = await reader.head();
  if (head === null) throw new Error("no answer");
  if (!head.startLine.startsWith("HTTP/1.1 200")) throw new Error(`the answer is "${head.startLine}"`);
  if (head.contentLength !== length) {
    throw new Error(`the answer has a body of ${head.contentLength} bytes instead of ${length}`);
  }
  await skipBody(reader, length);
}

/** A request head; `contentLength`: of the body that follows, null for none. */
export function requestBytes(method: string, path: string, contentLength: number | null): Uint8Array {
  const length = contentLength === null ? "" : `Content-Length: ${contentLength}\r\n`;
  return new TextEncoder().encode(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${length}\r\n`);
}

function fail(message: string): never {
  throw new Error(message);
}
