// Node's own HTTP client through the proxy, in a process of its own, as package managers use it: a keep-alive agent,
// many requests at once, a CONNECT tunnel for each TLS connection. Argument: a JSON object
// { proxyPort, httpPort, httpsPort, caFile, requests }. Prints what it got as JSON.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import process from "node:process";
import tls from "node:tls";

const { proxyPort, httpPort, httpsPort, caFile, requests } = JSON.parse(process.argv[2]);
const ca = readFileSync(caFile);
let tunnels = 0;

class TunnelAgent extends https.Agent {
  createConnection({ host, port, servername }, callback) {
    const path = `${host}:${port}`;
    const connect = http.request({
      host: "127.0.0.1",
      port: proxyPort,
      method: "CONNECT",
      path,
      agent: false,
    });
    connect.on("connect", ({ statusCode }, socket) => {
      if (statusCode !== 200) return callback(new Error(`CONNECT: ${statusCode}`));
      tunnels++;
      const secure = tls.connect({ socket, ca, servername: servername || host, ALPNProtocols: ["http/1.1"] });
      secure.once("secureConnect", () => callback(null, secure));
      secure.once("error", callback);
    });
    connect.on("error", callback);
    connect.end();
  }
}

/** Sends a request; resolves with status, length and hash of the body, trailers, interim statuses. */
function ask(module, options, body) {
  return new Promise((resolve, reject) => {
    const request = module.request({ host: "localhost", timeout: 20_000, ...options });
    const interim = [];
    request.on("information", ({ statusCode }) => interim.push(statusCode));
    request.on("timeout", () => request.destroy(new Error("timed out")));
    request.on("error", reject);
    request.on("response", (response) => {
      const hash = createHash("sha256");
      let length = 0;
      let text = "";
      response.on("data", (piece) => {
        hash.update(piece);
        length += piece.length;
        if (length < 10_000) text += piece;
      });
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status, rawTrailers: trailers } = response;
        resolve({ status, length, hash: hash.digest("hex"), text, trailers, interim });
      });
    });
    request.end(body);
  });
}

const bodyOf = (index) => Buffer.alloc(index * 7_919, `${index} `);
const hashOf = (data) => createHash("sha256").update(data).digest("hex");

/** Many at once, each with a body of its own size: what came back wrong. */
async function many(module, agent, options) {
  const wrong = [];
  await Promise.all(Array.from({ length: requests }, async (_, index) => {
    const body = bodyOf(index);
    const { status, text } = await ask(
      module,
      { ...options(`/digest/${index}`), agent, method: "POST" },
      body,
    );
    const seen = status === 200 ? JSON.parse(text) : {};
    if (seen.length !== body.length || seen.hash !== hashOf(body)) wrong.push({ index, status, text });
  }));
  return wrong;
}

const plain = (path) => ({
  host: "127.0.0.1",
  port: proxyPort,
  path: `http://localhost:${httpPort}${path}`,
  headers: { Host: `localhost:${httpPort}` },
});
const secure = (path) => ({ port: httpsPort, path, servername: "localhost" });
const httpAgent = new http.Agent({ keepAlive: true });
const httpsAgent = new TunnelAgent({ keepAlive: true });

const results = {};
results.wrong = [];
for (let round = 0; round < 2; round++) {
  results.wrong.push(...await many(http, httpAgent, plain), ...await many(https, httpsAgent, secure));
}
results.tunnels = tunnels;
for (
  const [name, module, agent, options] of [["plain", http, httpAgent, plain], [
    "secure",
    https,
    httpsAgent,
    secure,
  ]]
) {
  results[name] = {
    hints: await ask(module, { ...options("/hints"), agent }),
    trailers: await ask(module, { ...options("/trailers"), agent }),
    flushed: await ask(module, { ...options("/flushed"), agent }),
    head: await ask(module, { ...options("/digest"), agent, method: "HEAD" }),
  };
}
httpAgent.destroy();
httpsAgent.destroy();
console.log(JSON.stringify(results));
