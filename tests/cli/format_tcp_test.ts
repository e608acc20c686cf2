// The picture of raw TCP in the text log.

import assert from "node:assert/strict";
import { TextPrinter } from "../../lib/cli/event_log_text.ts";
import type { Detail } from "../../lib/cli/format_event.ts";
import { MESSAGE_BYTES, MESSAGE_LINES, tcpContentLines } from "../../lib/cli/format_tcp.ts";
import type { HttpFlow, TcpFlow, TcpMessage } from "../../lib/flow/record.ts";
import { makeConnection, makeFlowError, makeHttpFlow, makeTcpFlow, makeTcpMessage } from "../kit/records.ts";

function print(flow: TcpFlow | HttpFlow, message: TcpMessage, detail: Detail = 1): string {
  return new TextPrinter({ detail, color: false }).tcpMessage(flow, message, message.content);
}

Deno.test("tcp: text from the client", () => {
  assert.equal(
    print(makeTcpFlow(), makeTcpMessage("EHLO example\r\nHi\r\n")),
    `14:03:22.010 127.0.0.1:53412 -> example.com:22 tcp 18 bytes
    EHLO example
    Hi
`,
  );
});

Deno.test("tcp: bytes from the server, with TLS, one of them", () => {
  assert.equal(
    print(makeTcpFlow({ tls: true }), makeTcpMessage("\0", { fromClient: false })),
    `14:03:22.010 127.0.0.1:53412 <- example.com:22 tcp+tls 1 byte
    00000000  00                                                |.|
`,
  );
});

Deno.test("tcp: what hooks did to a message", () => {
  const message = makeTcpMessage("x", { edited: true, dropped: true, injected: true });
  assert.equal(
    print(makeTcpFlow(), message),
    "14:03:22.010 127.0.0.1:53412 -> example.com:22 tcp 1 byte [injected] [edited] [dropped]\n    x\n",
  );
});

Deno.test("tcp: after a switch the URL stands in front, cut to the terminal", () => {
  const flow = makeHttpFlow({
    scheme: "https",
    request: { path: `/chat?${"a".repeat(100)}` },
    response: { status: 101 },
    messages: [],
  });
  assert.match(
    print(flow, makeTcpMessage("x")),
    / -> https:\/\/example\.com\/chat\?a{100} tcp\+tls 1 byte\n/,
  );
  const [line = ""] = new TextPrinter({ detail: 1, color: false, columns: 100 })
    .tcpMessage(flow, makeTcpMessage("x"), new Uint8Array(1)).split("\n");
  assert.match(line, / -> https:\/\/example\.com\/chat\?a+… tcp\+tls 1 byte$/);
  assert.equal(line.length, 100);
});

Deno.test("tcp: start and end", () => {
  const text = new TextPrinter({ detail: 1, color: false });
  const flow = makeTcpFlow();
  assert.equal(
    text.tcpStart(flow),
    "14:03:22.000 127.0.0.1:53412 -> example.com:22 tcp open (93.184.216.34:22)\n",
  );
  assert.equal(
    text.tcpEnd(flow, { fromClient: 17, fromServer: 5 }),
    "14:03:25.200 127.0.0.1:53412 -- example.com:22 tcp closed -> 17 <- 5 bytes 3.20s\n",
  );
});

Deno.test("tcp: an address that was asked for by itself is not said twice", () => {
  const flow = makeTcpFlow({
    host: "::1",
    server: makeConnection({ remote: { host: "::1", port: 22 } }),
  });
  const text = new TextPrinter({ detail: 1, color: false });
  assert.equal(text.tcpStart(flow), "14:03:22.000 127.0.0.1:53412 -> [::1]:22 tcp open\n");
});

Deno.test("tcp: an end that was not a good one", () => {
  const text = new TextPrinter({ detail: 1, color: false });
  const error = makeFlowError({ message: "the client reset the connection", rule: "RFC 9293, 3.5" });
  assert.equal(
    text.tcpEnd(makeTcpFlow({ killed: true, error, took: 5 }), { fromClient: 0, fromServer: 0 }),
    "14:03:22.005 127.0.0.1:53412 -- example.com:22 tcp failed -> 0 <- 0 bytes 5ms [killed] " +
      "-> error: the client reset the connection (RFC 9293, 3.5)\n",
  );
});

const content = (text: string | Uint8Array, detail: Detail = 1, length?: number) => {
  const message = makeTcpMessage(text);
  return tcpContentLines(message.content, length ?? message.length, detail);
};

Deno.test("tcp content: text is cut at a number of lines", () => {
  const lines = content("line\r\n".repeat(MESSAGE_LINES + 3));
  assert.equal(lines.length, MESSAGE_LINES + 1);
  assert.equal(lines.at(-1), "  … 18 more bytes");
  assert.equal(content("line\r\n".repeat(MESSAGE_LINES)).length, MESSAGE_LINES);
});

Deno.test("tcp content: a long line is cut at a number of bytes, between characters", () => {
  const lines = content(new TextEncoder().encode("é".repeat(MESSAGE_BYTES)).subarray(1));
  assert.equal(lines.length, MESSAGE_LINES + 1, "half a character at the start makes it a hex dump");
  const text = content(new TextEncoder().encode("x" + "é".repeat(MESSAGE_BYTES)));
  assert.deepEqual(text, [
    `    x${"é".repeat(MESSAGE_BYTES / 2 - 1)}`,
    `  … ${MESSAGE_BYTES + 2} more bytes`,
  ]);
});

Deno.test("tcp content: a hex dump is cut at a number of lines", () => {
  const lines = content(new Uint8Array(MESSAGE_LINES * 16 + 1));
  assert.equal(lines.length, MESSAGE_LINES + 1);
  assert.equal(lines.at(-1), "  … 1 more byte");
});

Deno.test("tcp content: detail 3 shows all that was captured, and says what was not", () => {
  assert.equal(content("line\n".repeat(5000), 3).length, 5000);
  assert.equal(content(new Uint8Array(16 * 5000), 3).length, 5000);
  assert.deepEqual(content("abc", 3, 10), ["    abc", "  … 7 more bytes"]);
  assert.deepEqual(content("", 3, 10), ["  … 10 more bytes"]);
});

Deno.test("tcp content: no control comes through, and nothing looks like a line of ours", () => {
  const text = content("ok\r14:03 forged\n\n14:03:22.010 forged\ttab");
  assert.deepEqual(text, ["    ok\\r14:03 forged", "    ", "    14:03:22.010 forged tab"]);
  const escape = content("\x1b[2J\r\n14:03:22.010 forged");
  assert.match(escape[0] ?? "", /^ {4}00000000 {2}1b 5b 32 4a/);
});
