// Resident size while a long body goes through and its reader stalls: what a proxy buffers meanwhile it has in
// memory. Client and origin are the bench's own, since wrk cannot stall.

import { type Check, judge, spreadOf, type Target } from "./bench_figures.ts";
import { connect, type Head, MessageReader, requestBytes, skipBody, writeAll } from "./bench_http.ts";
import { memoryOf, pause, resetPeak, within } from "./bench_process.ts";
import { startMitm } from "./bench_proxies.ts";
import type { Setting } from "./bench_setting.ts";
import { figure, type RowReport } from "./bench_table.ts";

export interface StallRow {
  name: string;
  title: string;
  direction: "download" | "upload";
  tls: boolean;
}

const MEBIBYTE = 1024 * 1024;
const TARGET: Target = { kind: "at-most", value: 32 };
const BODY_SIZE = 1024 * MEBIBYTE;
const QUICK_BODY_SIZE = 256 * MEBIBYTE;
/** Where the reader stalls, and how long. Bytes, milliseconds. */
const STALL_AT = MEBIBYTE;
const STALL_TIME = 2000;
const QUICK_STALL_TIME = 1000;
/** The whole transfer. Milliseconds. */
const LIMIT = 60_000;
/** Between two looks at the resident size. Milliseconds. */
const LOOK_EVERY = 50;
/** Rest after warming up, so that what it left behind is not taken for growth. Milliseconds. */
const REST = 500;
/** What is written at once. */
const piece = new Uint8Array(64 * 1024).fill(0x6d);

export const stallRows: readonly StallRow[] = (["download", "upload"] as const).flatMap((direction) =>
  [false, true].map((tls) => ({
    name: `stall-${direction}-${tls ? "tls" : "plain"}`,
    title: `1 GiB ${direction} whose reader stalls for 2 s after 1 MiB, both legs ${tls ? "TLS" : "plain"}`,
    direction,
    tls,
  }))
);

export async function runStallRow(row: StallRow, setting: Setting): Promise<RowReport> {
  setting.limit.check();
  const { authority, options } = setting;
  const size = options.quick ? QUICK_BODY_SIZE : BODY_SIZE;
  const notes: string[] = options.quick ? [`--quick: ${size / MEBIBYTE} MiB, and half the stall`] : [];
  await using origin = new StallingOrigin(row.tls ? authority.leaf : null);
  const scheme = row.tls ? "https" : "http";
  const proxy = await startMitm(setting.mitm, { scheme, port: origin.port }, authority.file);
  try {
    const { pid } = proxy.process;
    using conn = await connect({ port: proxy.port, ca: row.tls ? proxy.ca : null });
    const reader = new MessageReader(conn);
    await within(
      LIMIT,
      "warming up",
      exchange(row.direction, conn, reader, origin, new Transfer(MEBIBYTE, null)),
    );
    await pause(REST);
    resetPeak(pid);
    const idle = memoryOf(pid).resident;

    const stall = new Stall();
    const transfer = new Transfer(size, stall);
    const before = performance.now();
    let stalled = 0;
    const timer = setInterval(() => {
      if (stall.isOn) stalled = Math.max(stalled, memoryOf(pid).resident);
    }, LOOK_EVERY);
    try {
      const done = exchange(row.direction, conn, reader, origin, transfer);
      done.catch(() => {}); // told below
      await within(LIMIT, "the bytes before the stall", Promise.race([stall.reached, done]));
      await pause(options.quick ? QUICK_STALL_TIME : STALL_TIME);
      const inFlight = transfer.written - transfer.read;
      stall.end();
      await within(LIMIT, `the ${row.direction}`, done);
      const seconds = (performance.now() - before) / 1000;
      const peak = memoryOf(pid).peak;
      return stallReport(row, { idle, stalled, peak, inFlight, seconds }, notes);
    } finally {
      clearInterval(timer);
    }
  } finally {
    const odd = await proxy.process.stop();
    if (odd !== null) notes.push(odd);
  }
}

export interface StallFigures {
  /** KiB of resident size. */
  idle: number;
  stalled: number;
  peak: number;
  /** Bytes written but not read when the stall was over: in the proxy and in the kernel's buffers. */
  inFlight: number;
  seconds: number;
}

/** The report of a row: growth is judged against the target. */
export function stallReport(
  row: { name: string; title: string },
  figures: StallFigures,
  notes: string[],
): RowReport {
  const { idle, stalled, peak, inFlight, seconds } = figures;
  const mebibytes = (kibibytes: number) => figure(kibibytes / 1024);
  const check = (name: string, kibibytes: number, meaning: string): Check => {
    const growth = kibibytes / 1024;
    const verdict = judge(growth, TARGET, true);
    return { name, meaning, measured: spreadOf([growth]), unit: "MiB", target: TARGET, verdict };
  };
  return {
    name: row.name,
    title: row.title,
    table: [
      ["resident", "MiB"],
      ["idle", mebibytes(idle)],
      ["while stalled", mebibytes(stalled)],
      ["at its peak", mebibytes(peak)],
      ["not resident: on its way while stalled, kernel included", figure(inFlight / MEBIBYTE)],
    ],
    checks: [
      check("growth while stalled", stalled - idle, ""),
      check("growth at its peak", peak - idle, "with what the garbage collector has not got to yet"),
    ],
    faults: [],
    notes,
    figures: { memory_kib: { idle, stalled, peak }, in_flight_bytes: inFlight, seconds },
  };
}

/** A reader's rest. */
class Stall {
  readonly #reached = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();
  isOn = false;

  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  /** For the reader: rests until `end`. */
  async rest(): Promise<void> {
    this.isOn = true;
    this.#reached.resolve();
    await this.#over.promise;
  }

  end(): void {
    this.isOn = false;
    this.#over.resolve();
  }
}

/** A body on its way from its writer to its reader. */
class Transfer {
  readonly size: number;
  readonly #stall: Stall | null;
  written = 0;
  read = 0;

  constructor(size: number, stall: Stall | null) {
    this.size = size;
    this.#stall = stall;
  }

  async write(conn: Deno.Conn): Promise<void> {
    while (this.written < this.size) {
      this.written += await conn.write(piece.subarray(0, Math.min(piece.length, this.size - this.written)));
    }
  }

  async drain(reader: MessageReader): Promise<void> {
    let stall = this.#stall;
    while (this.read < this.size) {
      const count = await reader.skip(this.size - this.read);
      if (count === 0) throw new Error(`the body ended after ${this.read} of ${this.size} bytes`);
      this.read += count;
      if (stall === null || this.read < STALL_AT) continue;
      await stall.rest();
      stall = null;
    }
  }
}

/** The client's side of one exchange. */
async function exchange(
  direction: "download" | "upload",
  conn: Deno.Conn,
  reader: MessageReader,
  origin: StallingOrigin,
  transfer: Transfer,
): Promise<void> {
  origin.transfer = transfer;
  if (direction === "download") {
    await writeAll(conn, requestBytes("GET", "/", null));
    const { contentLength } = succeeded(await reader.head());
    if (contentLength !== transfer.size) throw new Error(`a body of ${contentLength} bytes was announced`);
    await transfer.drain(reader);
  } else {
    await writeAll(conn, requestBytes("POST", "/", transfer.size));
    await transfer.write(conn);
    const { contentLength } = succeeded(await reader.head());
    await skipBody(reader, contentLength);
  }
}

function succeeded(head: Head | null): Head {
  if (head?.startLine.startsWith("HTTP/1.1 200")) return head;
  throw new Error(
    head === null ? "the connection ended without an answer" : `the answer is "${head.startLine}"`,
  );
}

/** Takes part in `transfer`: writes its body in answer to GET, reads it from a POST. */
class StallingOrigin implements AsyncDisposable {
  transfer = new Transfer(0, null);
  readonly #listener: Deno.Listener<Deno.Conn>;
  readonly #connections = new Set<Deno.Conn>();
  readonly #accepting: Promise<void>;

  constructor(leaf: { cert: string; key: string } | null) {
    const address = { hostname: "127.0.0.1", port: 0 };
    this.#listener = leaf === null ? Deno.listen(address) : Deno.listenTls({ ...address, ...leaf });
    this.#accepting = this.#accept();
  }

  get port(): number {
    const { addr } = this.#listener;
    return addr.transport === "tcp" ? addr.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#connections) conn.close();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#connections.add(conn);
      // A connection that fails fails the client's exchange, which tells.
      void this.#serve(conn).catch(() => {}).finally(() => {
        if (this.#connections.delete(conn)) conn.close();
      });
    }
  }

  async #serve(conn: Deno.Conn): Promise<void> {
    const reader = new MessageReader(conn);
    for (let head = await reader.head(); head !== null; head = await reader.head()) {
      const { transfer } = this;
      if (head.startLine.startsWith("GET ")) {
        await writeAll(conn, answerHead(transfer.size));
        await transfer.write(conn);
      } else {
        if (head.contentLength !== transfer.size) return;
        await transfer.drain(reader);
        await writeAll(conn, answerHead(0));
      }
    }
  }
}

function answerHead(contentLength: number): Uint8Array {
  return new TextEncoder().encode(`HTTP/1.1 200 OK\r\nContent-Length: ${contentLength}\r\n\r\n`);
}
