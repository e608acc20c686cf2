// Node's own HTTP server as an origin, in a process of its own: says its ports on standard output, and ends when its
// standard input does. Arguments: certificate file, key file.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import process from "node:process";

const [certificateFile, keyFile] = process.argv.slice(2);

function respond(request, response) {
  const path = request.url.split("?")[0];
  switch (path) {
    case "/hints":
      response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
      response.writeEarlyHints({ link: ["</a.js>; rel=preload", "</b.js>; rel=preload"], "x-trace": "1" });
      return response.end("hinted");
    case "/processing":
      response.writeProcessing();
      return response.end("processed");
    case "/trailers":
      response.writeHead(200, { Trailer: "X-Sum" });
      response.write("trailed ".repeat(500));
      response.addTrailers([["X-Sum", "abc"], ["x-more", "1"], ["x-more", "2"]]);
      return response.end();
    case "/raw-headers":
      response.writeHead(200, ["X-A", "1", "x-a", "2", "Set-Cookie", "a=1", "set-cookie", "b=2"]);
      return response.end(JSON.stringify(request.rawHeaders));
    case "/flushed":
      // Head first, then the body in two pieces, without a length.
      response.flushHeaders();
      response.write("one ");
      return response.end("two");
    default:
      return digest(request, response);
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
    const trailers = request.rawTrailers;
    response.end(JSON.stringify({ method: request.method, length, hash: hash.digest("hex"), trailers }));
  });
}

/** Expect: 100-continue is answered here: with 100, or at once with 417. */
function onExpect(request, response) {
  if (request.url === "/unwanted") {
    response.writeHead(417, { "content-length": 0, connection: "close" });
    return response.end();
  }
  response.writeContinue();
  respond(request, response);
}

const tls = { cert: readFileSync(certificateFile), key: readFileSync(keyFile) };
const servers = [http.createServer(respond), https.createServer(tls, respond)];
for (const server of servers) {
  server.on("checkContinue", onExpect);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}
console.log(JSON.stringify(servers.map((server) => server.address().port)));
process.stdin.resume().on("end", () => process.exit(0));
