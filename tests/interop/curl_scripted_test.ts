// curl against an origin that says what neither nginx nor Deno would: what curl gets and what the origin gets is the
// same directly and through the proxy, byte for byte, and the flow record shows it.

import assert from "node:assert/strict";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import {
  assertFlows,
  assertSameAnswer,
  assertSameRequest,
  Comparison,
  type ExpectedFlow,
  type Run,
} from "../kit/compare.ts";
import { peerTest } from "../kit/peers.ts";
import { generatedArray } from "./generated_bytes.ts";
import { answer, answerAndClose, bodyOf, type Script, ScriptedOrigin } from "./scripted_origin.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const NOISE = generatedArray(20_000);
const NOISE_TEXT = latin1Decode(NOISE);

interface Scenario {
  name: string;
  script: Script;
  path?: string;
  args?: string[];
  stdin?: () => Iterable<Uint8Array>;
  flow?: ExpectedFlow;
  normalise?: (text: string) => string;
  /** About the direct run. */
  check?: (direct: Run) => void;
}

const responses: Scenario[] = [
  {
    name: "103 Early Hints, more than one, then 200",
    script: answer(
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload; as=style\r\n\r\n",
      "HTTP/1.1 103 Early Hints\r\nlink: </b.js>; rel=preload\r\nLINK: </c.js>\r\n\r\n" + OK,
    ),
    check: ({ curl }) => {
      assert.equal(curl.interim.length, 2);
      assert.equal(latin1Decode(curl.body), "ok");
    },
  },
  {
    name: "102 and an interim status nobody knows",
    script: answer("HTTP/1.1 102 Processing\r\n\r\n", "HTTP/1.1 199 Whatever\r\nX-A: 1\r\n\r\n", OK),
    check: ({ curl }) => assert.equal(curl.interim.length, 2),
  },
  {
    name: "chunked with trailers (TE: trailers)",
    args: ["--header", "TE: trailers", "--header", "Connection: TE"],
    script: answer(
      "HTTP/1.1 200 OK\r\nTrailer: X-Sum, x-other\r\nTransfer-Encoding: chunked\r\n\r\n",
      "5\r\nhello\r\n",
      "6\r\n world\r\n0\r\nX-Sum: abc\r\nx-other: \xe9\xff\r\nX-Sum: def\r\n\r\n",
    ),
    check: ({ curl }) => {
      assert.equal(latin1Decode(curl.body), "hello world");
      assert.equal(curl.trailers, "X-Sum: abc\r\nx-other: \xe9\xff\r\nX-Sum: def\r\n");
    },
  },
  {
    name: "chunk framing as it came, with extensions and trailers (--raw)",
    args: ["--raw"],
    script: answer(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=1;b="x y"\r\nhello\r\n' +
        "1\r\n \r\n5;flag\r\nworld\r\n0;last=yes\r\nX-Sum: abc\r\n\r\n",
    ),
    // What curl prints is the framing, not the content; the record has the content.
    flow: {
      responseBody: "hello world",
      responseTrailers: "X-Sum: abc\r\n",
    },
    check: ({ curl }) => assert.match(latin1Decode(curl.body), /^5;a=1;b="x y"\r\nhello\r\n1\r\n/),
  },
  {
    name: "chunked, larger than what is captured",
    script: answer(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      `${(10_000).toString(16)}\r\n${NOISE_TEXT.slice(0, 10_000)}\r\n`,
      `${(10_000).toString(16)}\r\n${NOISE_TEXT.slice(10_000)}\r\n0\r\n\r\n`,
    ),
    check: ({ curl }) => assert.deepEqual(curl.body, NOISE),
  },
  {
    name: "a transfer coding before chunked",
    args: ["--raw"],
    script: answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    flow: { responseBody: "abc" },
  },
  {
    name: "an empty chunked body",
    script: answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
  },
  {
    name: "close-delimited",
    script: answerAndClose("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\n", NOISE),
    check: ({ curl }) => assert.deepEqual(curl.body, NOISE),
  },
  { name: "close-delimited and empty", script: answerAndClose("HTTP/1.1 200 OK\r\n\r\n") },
  {
    name: "HTTP/1.0 with a length",
    script: answer("HTTP/1.0 200 Fine\r\nContent-Length: 2\r\n\r\nok"),
    check: ({ curl }) => assert.match(curl.head, /^HTTP\/1\.0 200 Fine\r\n/),
  },
  { name: "HTTP/1.0, close-delimited", script: answerAndClose("HTTP/1.0 200 OK\r\nA: b\r\n\r\n", NOISE) },
  {
    name: "HTTP/1.0, kept alive",
    args: ["--http1.0", "--header", "Connection: keep-alive"],
    script: answer("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
  },
  {
    name: "an HTTP/1.0 client and an HTTP/1.1 answer",
    args: ["--http1.0"],
    script: answerAndClose("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", NOISE),
  },
  {
    name: "a response that says close",
    script: answerAndClose(OK.replace("\r\n", "\r\nConnection: close\r\n")),
  },
  { name: "a bare head: 204", script: answer("HTTP/1.1 204 No Content\r\n\r\n") },
  { name: "a bare head: 304", script: answer("HTTP/1.1 304 Not Modified\r\n\r\n") },
  {
    name: "304 with the length of what was not sent",
    script: answer('HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\nETag: "x"\r\n\r\n'),
  },
  {
    name: "HEAD with the length of what was not sent",
    args: ["--head"],
    script: answer("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"),
  },
  {
    name: "HEAD with Transfer-Encoding",
    args: ["--head"],
    script: answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
  },
  {
    name: "no reason phrase",
    script: answer("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"),
    check: ({ curl }) => assert.match(curl.head, /^HTTP\/1\.1 200 \r\n/),
  },
  {
    name: "neither reason phrase nor the blank before it",
    script: answer("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
    // RFC 9112, 4: the blank must be there, even with no reason phrase.
    normalise: (text) => text.replace(/^(HTTP\/1\.1 200) ?\r\n/, "$1\r\n"),
  },
  {
    name: "a status and a reason of the origin's own, with bytes above 0x7f",
    script: answer("HTTP/1.1 599 Gr\xfc\xdfe \xe2\x82\xac\r\nContent-Length: 0\r\n\r\n"),
    check: ({ curl }) => assert.match(curl.head, /^HTTP\/1\.1 599 Gr\xfc\xdfe \xe2\x82\xac\r\n/),
  },
  {
    name:
      "order, case and duplicates of fields, empty values, bytes above 0x7f, names of every token character",
    script: answer(
      "HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nX-B: 1\r\nSet-Cookie: b=2\r\nSET-COOKIE: a=1\r\nx-b: 2\r\n" +
        "X-Empty: \r\nX-Latin: \xe4\xf6\xfc\r\nX-Utf8: \xf0\x9f\x98\x80\r\nX-Tab: a\tb  c\r\n" +
        "!#$%&'*+-.^_`|~09aZ: token\r\ncontent-LENGTH: 2\r\nX-B: 1\r\n\r\nok",
    ),
    check: ({ curl }) =>
      assert.match(curl.head, /\r\n!#\$%&'\*\+-\.\^_`\|~09aZ: token\r\ncontent-LENGTH: 2\r\n/),
  },
  {
    name: "a head near the limit of size",
    script: answer(
      `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Large: ${NOISE_TEXT.replaceAll(/[^!-~]/g, "x")}\r\n` +
        `X-Larger: ${"y".repeat(40_000)}\r\n\r\nok`,
    ),
  },
  {
    name: "as many fields as are allowed",
    script: answer(
      `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${
        Array.from({ length: 499 }, (_, index) => `X-${index}: ${index}\r\n`).join("")
      }\r\nok`,
    ),
  },
  {
    name: "gzip passes through untouched",
    args: ["--header", "Accept-Encoding: gzip, br, zstd"],
    script: answer("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20000\r\n\r\n", NOISE),
    check: ({ curl }) => assert.deepEqual(curl.body, NOISE),
  },
];

const requests: Scenario[] = [
  {
    name: "order, case, duplicates and empty values of request fields",
    args: [
      ...[
        "x-lower: a",
        "X-UPPER: b",
        "x-lower: c",
        "X-Empty;",
        "X-Latin: \u00e4",
        "Cookie: a=1",
        "Cookie: b=2",
      ]
        .flatMap((field) => ["--header", field]),
      ...["--user-agent", "", "--referer", "http://example.com/?a=b"],
    ],
    script: answer(OK),
    check: ({ recorded }) =>
      assert.match(recorded, /\r\nx-lower: a\r\nX-UPPER: b\r\nx-lower: c\r\nX-Empty:\r\n/),
    // curl sends an empty value without a blank; a blank there means nothing (RFC 9112, 5).
    normalise: (text) => text.replaceAll(/^([^\r\n]+): \r\n/gm, "$1:\r\n"),
  },
  ...["PURGE", "get", "M-SEARCH", "a!#$%&'*+-.^_`|~"].map((method): Scenario => ({
    name: `the method ${method}`,
    args: ["--request", method],
    script: answer(OK),
    check: ({ recorded }) => assert.ok(recorded.startsWith(`${method} / HTTP/1.1\r\n`)),
  })),
  {
    name: "every byte a target may have, and dots nobody takes out",
    path: "/a/./b/../c//d;x=1/%7e%2F%2f/:@!$&'()*+,;=~?q=%00&r=[]{}|^`\"<>\\&s?/",
    args: ["--path-as-is", "--globoff"],
    script: answer(OK),
    check: ({ recorded }) => assert.match(recorded, /^GET \/a\/\.\/b\/\.\.\/c\/\/d;x=1\/%7e%2F%2f\//),
  },
  {
    name: "as many fields as are allowed",
    args: Array.from({ length: 496 }, (_, index) => ["--header", `X-${index}: ${index}`]).flat(),
    script: answer(OK),
  },
  { name: "a long target", path: `/${"a".repeat(30_000)}`, script: answer(OK) },
  {
    name: "a large request head",
    args: Array.from({ length: 50 }, (_, index) => ["--header", `X-${index}: ${"v".repeat(1_000)}`]).flat(),
    script: answer(OK),
  },
  {
    name: "an HTTP/1.0 request",
    args: ["--http1.0"],
    script: answerAndClose("HTTP/1.0 200 OK\r\n\r\nok"),
    check: ({ recorded }) => assert.match(recorded, /^GET \/ HTTP\/1\.0\r\n/),
  },
  {
    name: "POST with a length",
    args: ["--data-binary", "@-", "--header", "Expect:"],
    stdin: () => [NOISE],
    script: answerWhenComplete(OK),
    flow: { requestBodyLength: NOISE.length },
    check: ({ recorded }) => assert.equal(bodyOf(recorded), NOISE_TEXT),
  },
  {
    name: "an empty POST",
    args: ["--data-binary", ""],
    script: answer(OK),
    check: ({ recorded }) => assert.match(recorded, /\r\nContent-Length: 0\r\n/),
  },
  {
    name: "DELETE with a body",
    args: ["--request", "DELETE", "--data", "abc"],
    script: answerWhenComplete(OK),
    flow: { requestBodyLength: 3 },
  },
  {
    name: "chunked PUT",
    args: ["--upload-file", "-", "--header", "Expect:"],
    stdin: () => [NOISE],
    script: answerWhenComplete(OK),
    flow: { requestBodyLength: NOISE.length },
    check: ({ recorded }) => assert.match(recorded, /\r\nTransfer-Encoding: chunked\r\n/),
    // Where the chunks are cut is up to whoever passes them on.
    normalise: dechunkedRequest,
  },
];

const expectations: Scenario[] = [
  {
    name: "Expect: 100-continue: the origin's own 100 comes through, and the body only after it",
    args: ["--data-binary", "@-", "--header", "Expect: 100-continue", "--expect100-timeout", "20"],
    stdin: () => [NOISE],
    script: async (connection) => {
      const head = await connection.until("\r\n\r\n");
      assert.equal(bodyOf(head), "", "body before 100");
      connection.send("HTTP/1.1 100 Go On\r\nX-Own: yes\r\n\r\n");
      await answerWhenComplete(OK)(connection);
    },
    flow: { requestBodyLength: NOISE.length },
    check: ({ curl }) => assert.deepEqual(curl.interim, ["HTTP/1.1 100 Go On\r\nX-Own: yes\r\n\r\n"]),
  },
  {
    name: "Expect: 100-continue: 417 and no 100",
    args: ["--data-binary", "@-", "--header", "Expect: 100-continue", "--expect100-timeout", "20"],
    stdin: () => [NOISE],
    script: answerAndClose(
      "HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ),
    flow: { requestCutShort: true },
    check: ({ curl, recorded }) => {
      assert.deepEqual(curl.interim, []);
      assert.equal(bodyOf(recorded), "");
    },
  },
  {
    name: "Expect: 100-continue: an origin that never says 100 gets none said for it",
    args: ["--data-binary", "@-", "--header", "Expect: 100-continue", "--expect100-timeout", "0.1"],
    stdin: () => [NOISE],
    script: answerWhenComplete(OK),
    flow: { requestBodyLength: NOISE.length },
    check: ({ curl }) => assert.deepEqual(curl.interim, []),
  },
];

for (const scheme of ["http", "https"] as const) {
  for (const [what, scenarios] of Object.entries({ responses, requests, expectations })) {
    peerTest(["curl"], `curl and a scripted origin over ${scheme}: ${what}`, async (test) => {
      await using origin = await ScriptedOrigin.start(scheme);
      await using comparison = await Comparison.start(origin);
      for (const scenario of scenarios) {
        await test.step(scenario.name, () => playScenario(origin, comparison, scenario));
      }
      assert.deepEqual(comparison.regular.hookErrors, []);
    });
  }
}

async function playScenario(
  origin: ScriptedOrigin,
  comparison: Comparison,
  scenario: Scenario,
): Promise<void> {
  const { path = "/", args = [], stdin, script, flow = {}, normalise, check } = scenario;
  origin.script = script;
  const connections = origin.raw.connections.length;
  const runs = await comparison.run({
    path,
    args,
    recorded: () => origin.recorded(),
    ...(stdin === undefined ? {} : { stdin }),
  });
  const direct = runs[0]!;
  assert.equal(direct.curl.code, 0, direct.curl.messages);
  check?.(direct);
  const options = normalise === undefined ? {} : { normalise };
  assertSameAnswer(runs, options);
  assertSameRequest(runs, options);
  assertFlows(comparison, runs, { ...flow, ...options });
  assert.equal(origin.raw.connections.length - connections, runs.length, "one connection to the origin each");
}

/** Answers once the body has come, by its length or its last chunk. */
function answerWhenComplete(response: string): Script {
  return async (connection) => {
    await connection.until((received) => {
      const body = bodyOf(received);
      const length = /\r\ncontent-length: (\d+)\r\n/i.exec(received)?.[1];
      return length === undefined ? body.endsWith("0\r\n\r\n") : body.length === Number(length);
    });
    connection.send(response);
  };
}

/** A recorded chunked request with its body in one piece; any other text as it is. */
function dechunkedRequest(received: string): string {
  const bodyAt = received.indexOf("\r\n\r\n") + 4;
  let rest = received.slice(bodyAt);
  let body = "";
  for (;;) {
    const [line, size] = /^([0-9a-f]+)\r\n/.exec(rest) ?? [];
    if (line === undefined || size === undefined) return received;
    rest = rest.slice(line.length);
    if (size === "0") return received.slice(0, bodyAt) + body + rest;
    body += rest.slice(0, parseInt(size, 16));
    rest = rest.slice(parseInt(size, 16) + 2);
  }
}
