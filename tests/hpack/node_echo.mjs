// An HTTP/2 server on Node (nghttp2) for header lists: answers with the fields it is asked for, after the SETTINGS it is
// asked for, and tells in the body what it received. The path is "/?" and JSON, percent-encoded: { answer: [[name,
// value, isSensitive], …], tableSize: number or null }.

import http2 from "node:http2";
import process from "node:process";
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin });
const server = http2.createServer();

server.on("connection", (socket) => socket.setNoDelay());

server.on("stream", (stream, headers, _flags, rawHeaders) => {
  const { answer, tableSize } = JSON.parse(decodeURIComponent(headers[":path"].slice(2)));
  if (tableSize !== null) stream.session.settings({ headerTableSize: tableSize });
  const response = { ":status": 200 };
  for (const [name, value] of answer) response[name] = value;
  response[http2.sensitiveHeaders] = answer.filter((field) => field[2]).map((field) => field[0]);
  stream.respond(response, { sendDate: false });
  stream.end(JSON.stringify({ received: rawHeaders, sensitive: headers[http2.sensitiveHeaders] }));
});

lines.once("line", () => {
  server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
});
lines.once("close", () => process.exit(0));
