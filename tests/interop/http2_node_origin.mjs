// Node's own servers as one origin that answers the same over HTTP/1.1 and HTTP/2, plain and over TLS; and meeting
// points, "/meet/NAME", where a scenario takes the server's side of an exchange into its own hands.

import { Buffer } from "node:buffer";
import { createCipheriv, createHash } from "node:crypto";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";

/** How long anything may take, in milliseconds. */
const LIMIT = 20_000;

/** Deterministic bytes without repetitions. */
export function noise(length) {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, 1), Buffer.alloc(16, 2)).update(Buffer.alloc(length));
}

export const sha256 = (data) => createHash("sha256").update(data).digest("hex");

export class NodeOrigin {
  /** Called with what came over HTTP/2 as streams: { stream, headers } for "/stream/…". */
  onStream = null;
  sessions = new Set();
  #meetings = new Map();
  #servers = {};

  async start({ cert, key }) {
    const respond = (request, response) => this.#respond(request, response);
    const settings = { maxConcurrentStreams: 1000, enableConnectProtocol: false };
    this.#servers = {
      "h1 http": http.createServer(respond),
      "h1 https": https.createServer({ cert, key, ALPNProtocols: ["http/1.1"] }, respond),
      "h2 http": http2.createServer({ settings }, respond),
      "h2 https": http2.createSecureServer({ cert, key, settings }, respond),
    };
    const ports = {};
    for (const [name, server] of Object.entries(this.#servers)) {
      server.on("checkContinue", (request, response) => this.#continue(request, response));
      server.on("session", (session) => {
        this.sessions.add(session);
        session.on("close", () => this.sessions.delete(session));
      });
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      ports[name] = server.address().port;
    }
    return ports;
  }

  /** The server's side of the next request for "/meet/NAME": { request, response }. */
  meet(name) {
    const met = limited(
      new Promise((resolve) => this.#meetings.set(name, resolve)),
      `a request for /meet/${name}`,
    );
    // Looked at by who waits for it.
    met.catch(() => {});
    return met;
  }

  #respond(request, response) {
    const { pathname, searchParams } = new URL(request.url, "http://origin");
    const isHttp2 = request.httpVersionMajor === 2;
    switch (pathname) {
      case "/digest":
        return digest(request, response);
      case "/bytes": {
        const body = noise(Number(searchParams.get("length")));
        if (!searchParams.has("unsaid")) response.setHeader("content-length", body.length);
        if (request.method === "HEAD") return response.end();
        // In pieces, so that nobody can tell its length beforehand.
        for (let at = 0; at < body.length; at += 50_000) response.write(body.subarray(at, at + 50_000));
        return response.end();
      }
      case "/nothing":
        response.writeHead(204, { "x-nothing": "1" });
        return response.end();
      case "/tagged":
        response.setHeader("etag", '"tag"');
        if (request.headers["if-none-match"] === '"tag"') response.writeHead(304);
        return response.end(response.statusCode === 304 ? undefined : "tagged");
      case "/hints":
        response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
        response.writeEarlyHints({ link: "</a.js>; rel=preload", "x-trace": "1" });
        return response.end("hinted");
      case "/processing":
        if (isHttp2) response.stream.additionalHeaders({ ":status": 102 });
        else response.writeProcessing();
        return response.end("processed");
      case "/trailers":
        response.writeHead(200, { trailer: "x-sum" });
        response.write("trailed ".repeat(500));
        addTrailers(response, isHttp2, [["x-sum", "abc"], ["x-more", "1"]]);
        return response.end();
      case "/only-trailers":
        response.writeHead(200, { trailer: "x-status" });
        addTrailers(response, isHttp2, [["x-status", "0"]]);
        return response.end();
      case "/cookies":
        response.setHeader("set-cookie", ["a=1; Path=/", "b=2; Secure"]);
        return response.end(JSON.stringify(pairs(request.rawHeaders).filter(([name]) => name === "cookie")));
      case "/many":
        for (let index = 0; index < 90; index++) response.setHeader(`x-field-${index}`, `value ${index}`);
        return response.end("many");
      case "/large-head":
        for (let index = 0; index < 4; index++) {
          response.setHeader(`x-large-${index}`, "l".repeat(9_000 + index));
        }
        return response.end("large");
      case "/refused":
        // Before the body has come, of which nothing is read.
        response.writeHead(413, { "x-early": "1" });
        return response.end("no more, thank you\n");
      case "/late-continue":
        return digest(request, response);
      default: {
        const name = /^\/meet\/(.+)$/.exec(pathname)?.[1];
        const meeting = this.#meetings.get(name);
        if (meeting !== undefined) {
          this.#meetings.delete(name);
          return meeting({ request, response });
        }
        if (this.onRequest?.(request, response, pathname) === true) return;
        response.writeHead(404);
        return response.end(`no ${pathname}\n`);
      }
    }
  }

  /** Expect: 100-continue: answered with 100, or at once with 417. */
  #continue(request, response) {
    if (request.url === "/unwanted") {
      response.writeHead(417, { "x-unwanted": "1" });
      return response.end();
    }
    response.writeContinue();
    this.#respond(request, response);
  }
}

function digest(request, response) {
  const hash = createHash("sha256");
  let length = 0;
  request.on("data", (piece) => {
    hash.update(piece);
    length += piece.length;
  });
  request.on("end", () => {
    const fields = pairs(request.rawHeaders).filter(([name]) => /^(x-|content-type$|accept$)/.test(name));
    const seen = {
      method: request.method,
      path: request.url,
      length,
      hash: hash.digest("hex"),
      fields,
      trailers: pairs(request.rawTrailers),
      cookie: request.headers.cookie,
    };
    response.end(JSON.stringify(seen));
  });
  request.on("error", () => {});
}

function addTrailers(response, isHttp2, list) {
  response.addTrailers(isHttp2 ? Object.fromEntries(list) : list);
}

/** [name, value] of each field, names in lower case, pseudo-fields left out. */
export function pairs(raw) {
  const list = [];
  for (let index = 0; index < raw.length; index += 2) {
    if (!raw[index].startsWith(":")) list.push([raw[index].toLowerCase(), raw[index + 1]]);
  }
  return list;
}

/** Rejects when it takes too long. */
export async function limited(promise, what) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come in ${LIMIT} ms`)), LIMIT);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
