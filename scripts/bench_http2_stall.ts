// Resident size while a long body goes through on one HTTP/2 stream whose reader gives no more credit for a while: only
// the stream is stalled, its connection goes on. Client and origin are by hand.

import { Http2End } from "../tests/kit/http2_transfer.ts";
import { memoryOf, pause, resetPeak, within } from "./bench_process.ts";
import { startMitm } from "./bench_proxies.ts";
import type { Setting } from "./bench_setting.ts";
import { stallReport } from "./bench_stall.ts";
import type { RowReport } from "./bench_table.ts";

export interface Http2StallRow {
  name: string;
  title: string;
  direction: "download" | "upload";
}

const MEBIBYTE = 1024 * 1024;
const BODY_SIZE = 1024 * MEBIBYTE;
const QUICK_BODY_SIZE = 256 * MEBIBYTE;
/** What the reader's window takes before it stalls, and how long it does. Bytes, milliseconds. */
const STALL_AT = MEBIBYTE;
const STALL_TIME = 2000;
const QUICK_STALL_TIME = 1000;
/** The whole transfer. Milliseconds. */
const LIMIT = 60_000;
/** Between two looks at the resident size. Milliseconds. */
const LOOK_EVERY = 50;
/** Rest after warming up, so that what it left behind is not taken for growth. Milliseconds. */
const REST = 500;

export const http2StallRows: readonly Http2StallRow[] = (["download", "upload"] as const).map((
  direction,
) => ({
  name: `stall-${direction}-h2`,
  title: `1 GiB ${direction} on an HTTP/2 stream that stalls for 2 s after 1 MiB, both legs TLS`,
  direction,
}));

export async function runHttp2StallRow(row: Http2StallRow, setting: Setting): Promise<RowReport> {
  setting.limit.check();
  const { authority, options } = setting;
  const size = options.quick ? QUICK_BODY_SIZE : BODY_SIZE;
  const notes: string[] = options.quick ? [`--quick: ${size / MEBIBYTE} MiB, and half the stall`] : [];
  using listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    alpnProtocols: ["h2"],
    ...authority.leaf,
  });
  const { port } = listener.addr;
  const proxy = await startMitm(setting.mitm, { scheme: "https", port }, authority.file);
  try {
    const { pid } = proxy.process;
    const plain = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
    using client = await Deno.startTls(plain, {
      hostname: "localhost",
      caCerts: [proxy.ca],
      alpnProtocols: ["h2"],
    });
    const ends = new Ends(row.direction, new Http2End(client, "client", STALL_AT));
    const asked = ends.ask(1);
    using server = await within(LIMIT, "the proxy's connection", listener.accept());
    ends.server = new Http2End(server, "server", STALL_AT);
    ends.server.use(1);
    await asked;
    await within(LIMIT, "warming up", ends.transfer(STALL_AT, null));
    await pause(REST);
    resetPeak(pid);
    const idle = memoryOf(pid).resident;

    const before = performance.now();
    let stalled = 0;
    let inFlight = 0;
    await ends.ask(3);
    const stall = async (sent: () => number): Promise<void> => {
      const timer = setInterval(() => stalled = Math.max(stalled, memoryOf(pid).resident), LOOK_EVERY);
      await pause(options.quick ? QUICK_STALL_TIME : STALL_TIME);
      clearInterval(timer);
      inFlight = sent() - STALL_AT;
    };
    await within(LIMIT, `the ${row.direction}`, ends.transfer(size, stall));
    const seconds = (performance.now() - before) / 1000;
    const { peak } = memoryOf(pid);
    return stallReport(row, { idle, stalled, peak, inFlight, seconds }, notes);
  } finally {
    const odd = await proxy.process.stop();
    if (odd !== null) notes.push(odd);
  }
}

/** Both ends of one exchange after the other. */
class Ends {
  readonly #direction: "download" | "upload";
  readonly #client: Http2End;
  server: Http2End | null = null;

  constructor(direction: "download" | "upload", client: Http2End) {
    this.#direction = direction;
    this.#client = client;
  }

  ask(stream: number): Promise<void> {
    const method = this.#direction === "download" ? "GET" : "POST";
    this.#client.use(stream);
    this.server?.use(stream);
    const head = [[":method", method], [":scheme", "https"], [":authority", "localhost"], [
      ":path",
      "/",
    ]] as const;
    return this.#client.head(head, method === "GET");
  }

  /** `stall`: what is done when the reader's window is empty; it is told how to look at what was sent. */
  async transfer(size: number, stall: ((sent: () => number) => Promise<void>) | null): Promise<void> {
    const { server } = this;
    if (server === null) throw new Error("no origin");
    const client = this.#client;
    const [from, to] = this.#direction === "download" ? [server, client] : [client, server];
    await server.headCame();
    if (this.#direction === "download") await server.head([[":status", "200"]]);
    const sending = from.send(size);
    sending.catch(() => {}); // told below
    if (stall !== null) {
      await to.came(STALL_AT);
      await stall(() => from.sent);
      await to.grantAll();
    }
    await sending;
    await to.endCame();
    if (this.#direction === "upload") await server.head([[":status", "204"]], true);
    await client.endCame();
  }
}
