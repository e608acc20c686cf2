// mitmproxy 8.1.1 reads the file, shows every flow, and writes the same again: keys, types and values.

import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { flowFile } from "../../lib/export/flow_file.ts";
import type { Flow } from "../../lib/flow/record.ts";
import {
  makeConnection,
  makeFlowError,
  makeHttpFlow,
  makeTcpFlow,
  makeTcpMessage,
  makeTlsFacts,
  makeWebSocket,
  makeWebSocketMessage,
} from "../kit/records.ts";
import { anyFlow } from "./arbitraries.ts";
import { peerTest } from "../kit/peers.ts";
import { mitmdump } from "./mitmdump.ts";
import { readTnetstrings, type ReadValue } from "./read_tnetstring.ts";

function fileOf(flows: readonly Flow[]): Uint8Array {
  return new Uint8Array([...flowFile(flows)].flatMap((piece) => [...piece]));
}

/** Reads, shows and rewrites the file; what it shows. */
async function assertReadAndRewritten(flows: readonly Flow[]): Promise<string> {
  const file = fileOf(flows);
  const { code, output, rewritten } = await mitmdump(file);
  assert.equal(code, 0, output);
  assert.doesNotMatch(output, /Traceback|Warning|corrupt|Invalid data/, output);
  // It writes some flows twice: at their response, and at their end.
  const written = new Set(readTnetstrings(rewritten).map(canonical));
  const read = readTnetstrings(file).map(canonical);
  for (const flow of read) assert.ok(written.has(flow), `mitmdump reads something else of ${flow}`);
  assert.equal(written.size, new Set(read).size);
  return output;
}

/** The same for values that differ in nothing but the order of keys. */
function canonical(value: ReadValue): string {
  switch (value.type) {
    case "null":
      return "null";
    case "bytes":
      return `bytes ${JSON.stringify(latin1Decode(value.value))}`;
    case "list":
      return `[${value.value.map(canonical).join()}]`;
    case "dict":
      return `{${[...value.value].sort().map(([key, item]) => `${key}: ${canonical(item)}`).join()}}`;
    default:
      return `${value.type} ${JSON.stringify(value.value)}`;
  }
}

const tls = makeConnection({
  id: 2,
  name: { host: "example.com", port: 443 },
  tlsAt: null,
  tls: makeTlsFacts(),
});

peerTest(["mitmdump"], "flow file: mitmdump reads and shows one flow of each kind", async () => {
  const output = await assertReadAndRewritten([
    makeHttpFlow({
      scheme: "https",
      server: tls,
      request: { method: "PUT", path: "/upload?x=\xe4", body: "\0\xff", fields: [["Host", "example.com"]] },
      response: { status: 201, reason: "Created", body: "made", trailers: [["x-sum", "17"]] },
    }),
    makeHttpFlow({
      id: 9,
      request: { version: "HTTP/2.0", path: "/second", fields: [["accept", "text/plain"]] },
      response: { version: "HTTP/2.0", reason: "", body: "two" },
    }),
    makeHttpFlow({
      id: 10,
      server: null,
      response: null,
      error: makeFlowError({ message: "no route to it" }),
    }),
    makeHttpFlow({ id: 11, request: { method: "POST", body: "abcdef", capture: 0 } }),
    makeHttpFlow({
      id: 12,
      request: { path: "/chat", fields: [["Upgrade", "websocket"]] },
      response: { status: 101, reason: "Switching Protocols" },
      websocket: makeWebSocket({
        messages: [
          makeWebSocketMessage({ body: "hello there" }),
          makeWebSocketMessage({ type: "binary", fromClient: false, body: "\xff\0" }),
          makeWebSocketMessage({ body: "not \xff text", invalidText: true }),
        ],
        close: { at: 1767362602000, code: 1000, reason: "bye", by: "client" },
      }),
    }),
    makeTcpFlow({
      messages: [makeTcpMessage("SSH-2.0-x\r\n"), makeTcpMessage("\xff", { fromClient: false })],
    }),
    makeHttpFlow({
      id: 13,
      client: makeConnection({ remote: { host: "::1", port: 4000 }, local: { host: "::1", port: 8080 } }),
      request: { method: "CONNECT", target: "a:1", authority: "a:1", targetForm: "authority", path: "" },
      messages: [makeTcpMessage("tunnelled")],
    }),
  ]);
  for (
    const seen of [
      /PUT https:\/\/example\.com\/upload/,
      /201 Created/,
      /x-sum: 17/,
      /GET http:\/\/example\.com\/second HTTP\/2\.0/,
      /no route to it/,
      /content missing/,
      /hello there/,
      /SSH-2\.0-x/,
      /\[::1\]:4000/,
      /tunnelled/,
    ]
  ) assert.match(output, seen);
});

peerTest(["mitmdump"], "flow file: mitmdump reads any record", async () => {
  const flows = fc.sample(anyFlow, { numRuns: 150, seed: 17 })
    // A number of its own for each, as in one run of mitm.
    .map((flow, index) => ({ ...flow, id: index }));
  await assertReadAndRewritten(flows);
});
