// The origins that the console's tests look at: a shop that says the same bytes on every run, over HTTP/1, HTTPS and
// HTTP/2. To mitm, --resolve makes them shop.example, safe.example (example.com, too) and
// fast.example.

import { gzipSync } from "node:zlib";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { type OriginConnection, type RawOrigin, startRawOrigin } from "../kit/origins.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";

/** A request as it came to the shop. */
export interface ShopRequest {
  head: string;
  body: string;
}

export interface Shop extends AsyncDisposable {
  port: number;
  /** For mitm's command line: these names lead here. */
  words: string[];
  /** Whatever was asked for over HTTP/1, oldest first. */
  requests: ShopRequest[];
  origins: { plain: RawOrigin; secure: RawOrigin };
}

export const ITEMS = { items: [{ name: "tea", price: 3 }, { name: "milk", price: 1.5 }], open: true };
const LONG_LINES = 16_384;

export async function startShop(): Promise<Shop> {
  await using resources = new AsyncDisposableStack();
  const requests: ShopRequest[] = [];
  const onConnection = (connection: OriginConnection) => serve(connection, requests);
  const plain = resources.use(await startRawOrigin({ onConnection }));
  const secure = resources.use(
    await startRawOrigin({
      onConnection,
      tls: { names: ["safe.example", "example.com"], alpn: ["http/1.1"] },
    }),
  );
  const fast = await startFastOrigin();
  resources.defer(() => fast.shutdown());
  const all = resources.move();
  return {
    port: plain.port,
    words: [
      ...["--resolve", `shop.example:80:127.0.0.1:${plain.port}`],
      ...["--resolve", `safe.example:443:127.0.0.1:${secure.port}`],
      ...["--resolve", `example.com:443:127.0.0.1:${secure.port}`],
      ...["--resolve", `fast.example:443:127.0.0.1:${fast.addr.port}`],
    ],
    requests,
    origins: { plain, secure },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Answers each request in turn; "/wait" has no answer. */
function serve(connection: OriginConnection, requests: ShopRequest[]): void {
  let taken = 0;
  connection.socket.on("data", () => {
    for (;;) {
      const text = connection.received.slice(taken);
      const headEnd = text.indexOf("\r\n\r\n");
      if (headEnd < 0) return;
      const head = text.slice(0, headEnd);
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      const end = headEnd + 4 + length;
      if (text.length < end) return;
      taken += end;
      const request = { head, body: text.slice(headEnd + 4, end) };
      requests.push(request);
      const [, path = ""] = head.split(" ");
      if (path === "/broken") return connection.reset();
      connection.send(responseTo(path, request.body));
    }
  });
}

function responseTo(path: string, body: string): string {
  switch (path.split("?")[0]) {
    case "/":
      return response(
        "200 OK",
        "text/html; charset=utf-8",
        "<!doctype html>\n<title>The shop</title>\n<p>Welcome\n",
      );
    case "/items":
      return response("200 OK", "application/json", JSON.stringify(ITEMS));
    case "/zipped":
      return response(
        "200 OK",
        "application/json\r\nContent-Encoding: gzip",
        latin1Decode(gzipSync(JSON.stringify(ITEMS))),
      );
    case "/long":
      return response("200 OK", "text/plain", longText());
    case "/moved":
      return response("302 Found", "text/plain\r\nLocation: /", "over there\n");
    case "/order":
      return response("201 Created", "text/plain", `ordered: ${body}\n`);
    case "/trailers":
      return "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" +
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "5\r\nhello\r\n7\r\n, world\r\n0\r\nX-Sum: 12\r\n\r\n";
    case "/wait":
      return "";
    default:
      return response("404 Not Found", "text/plain", "no such thing\n");
  }
}

function response(status: string, type: string, body: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** 1 MiB in numbered lines. */
function longText(): string {
  const lines = Array.from({ length: LONG_LINES }, (_, index) => `line ${index + 1} `.padEnd(63, "."));
  return `${lines.join("\n")}\n`;
}

/** An independent server of HTTP/2. */
async function startFastOrigin(): Promise<Deno.HttpServer<Deno.NetAddr>> {
  const leaf = await (await testOriginAuthority()).leafFor({ host: "fast.example", extraNames: [] });
  return Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    cert: leaf.certificatePem,
    key: leaf.keyPem,
  }, async (request) => {
    const body = await request.text();
    return new Response(body === "" ? "fast\n" : `fast: ${body}\n`, {
      headers: { "content-type": "text/plain" },
    });
  });
}
