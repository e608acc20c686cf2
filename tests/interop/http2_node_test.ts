// Node's clients and servers on both sides of the proxy, in every pairing with HTTP/2: what each gets through the proxy
// is what it gets directly, and the flow record says which version each leg spoke.

import assert from "node:assert/strict";
import { http2OnBothLegs, http2Routes, http2Test } from "./http2_routes.ts";

/** What `exchange` in http2_node_exchanges.mjs gives. */
interface Answer {
  status: number | null;
  interim: [status: number, fields: [string, string][]][];
  fields: [string, string][];
  trailers: [string, string][];
  error: string | null;
  code: number | null;
  length: number;
  hash: string;
  text: string | null;
}

interface Digest {
  length: number;
  fields: [string, string][];
  trailers: [string, string][];
  cookie?: string;
}

interface Scenario {
  method?: string;
  path: string;
  headers?: [string, string][];
  /** Of the body that is sent. */
  length?: number;
  trailers?: [string, string][];
  expect?: boolean;
  check: (answer: Answer) => void;
}

const LARGE = 10_000_000;

const status = (wanted: number, length?: number) => (answer: Answer) => {
  assert.equal(answer.status, wanted);
  if (length !== undefined) assert.equal(answer.length, length);
};
const digestOf = ({ text }: Answer): Digest => JSON.parse(text ?? "null");

const scenarios: Record<string, Scenario> = {
  "GET": { path: "/bytes?length=2000", check: status(200, 2_000) },
  "GET of 10 MB with a length": { path: `/bytes?length=${LARGE}`, check: status(200, LARGE) },
  "GET of 10 MB without a length": { path: `/bytes?length=${LARGE}&unsaid`, check: status(200, LARGE) },
  "POST of 10 MB with a length": {
    method: "POST",
    path: "/digest",
    headers: [["Content-Length", String(LARGE)]],
    length: LARGE,
    check: (answer) => assert.equal(digestOf(answer).length, LARGE),
  },
  "PUT of 10 MB without a length": {
    method: "PUT",
    path: "/digest",
    length: LARGE,
    check: (answer) => assert.equal(digestOf(answer).length, LARGE),
  },
  "POST without a body": {
    method: "POST",
    path: "/digest",
    headers: [["Content-Length", "0"]],
    check: (answer) => assert.equal(digestOf(answer).length, 0),
  },
  "a query with bytes that could be normalised": {
    path: "/digest?a=%7e&b=//../c;d='%2F'&e",
    check: (answer) => assert.match(answer.text ?? "", /\/digest\?a=%7e&b=\/\/\.\.\/c;d='%2F'&e"/),
  },
  "HEAD": {
    method: "HEAD",
    path: "/bytes?length=5000",
    check: (answer) => {
      assert.deepEqual([answer.status, answer.length], [200, 0]);
      assert.deepEqual(answer.fields.find(([name]) => name === "content-length"), ["content-length", "5000"]);
    },
  },
  "204": { path: "/nothing", check: status(204, 0) },
  "304": { path: "/tagged", headers: [["If-None-Match", '"tag"']], check: status(304, 0) },
  "404": { path: "/missing", check: status(404) },
  "a method of WebDAV": { method: "PROPFIND", path: "/digest", check: status(200) },
  "fields, one of them twice": {
    path: "/digest",
    headers: [["X-One", "1"], ["x-one", "2"], ["x-two", ""]],
    check: (answer) => assert.ok(digestOf(answer).fields.length >= 2),
  },
  "cookies": {
    path: "/digest",
    headers: [["Cookie", "a=1; b=2; c=3"]],
    check: (answer) => assert.equal(digestOf(answer).cookie, "a=1; b=2; c=3"),
  },
  "Set-Cookie twice": {
    path: "/cookies",
    check: ({ fields }) =>
      assert.deepEqual(fields.filter(([name]) => name === "set-cookie"), [
        ["set-cookie", "a=1; Path=/"],
        ["set-cookie", "b=2; Secure"],
      ]),
  },
  "many fields": { path: "/many", check: ({ fields }) => assert.ok(fields.length >= 90) },
  "a large head": { path: "/large-head", check: ({ fields }) => assert.ok(fields.length >= 4) },
  "a large head to the origin": {
    path: "/digest",
    headers: [["X-Large", "l".repeat(9_000)], ["X-Larger", "r".repeat(4_000)]],
    check: status(200),
  },
  "trailers from the origin": {
    path: "/trailers",
    headers: [["TE", "trailers"]],
    check: ({ trailers }) => assert.deepEqual(trailers, [["x-sum", "abc"], ["x-more", "1"]]),
  },
  "trailers behind no body": {
    path: "/only-trailers",
    headers: [["TE", "trailers"]],
    check: ({ trailers }) => assert.deepEqual(trailers, [["x-status", "0"]]),
  },
  "trailers from the client": {
    method: "POST",
    path: "/digest",
    length: 100_000,
    trailers: [["x-sum", "abc"], ["x-more", "1"]],
    check: (answer) => assert.deepEqual(digestOf(answer).trailers, [["x-sum", "abc"], ["x-more", "1"]]),
  },
  "103, twice": {
    path: "/hints",
    check: ({ interim }) => {
      assert.deepEqual(interim.map(([status, fields]) => [status, fields.length]), [[103, 1], [103, 2]]);
    },
  },
  "102": { path: "/processing", check: ({ interim }) => assert.deepEqual(interim, [[102, []]]) },
  "Expect: 100-continue": {
    method: "POST",
    path: "/late-continue",
    length: 50_000,
    expect: true,
    check: (answer) => {
      assert.deepEqual(answer.interim, [[100, []]]);
      assert.equal(digestOf(answer).length, 50_000);
    },
  },
  "Expect: 100-continue and 417": {
    method: "POST",
    path: "/unwanted",
    length: 50_000,
    expect: true,
    check: (answer) => assert.deepEqual([answer.status, answer.interim], [417, []]),
  },
};

const requests = Object.fromEntries(
  Object.entries(scenarios).map(([name, { check: _, ...rest }]) => [name, rest]),
);

http2Test("Node, the same directly and through the proxy", http2Routes, async (bench, test) => {
  const direct = await bench.direct<Record<string, Answer>>("exchanges", { requests });
  const proxied = await bench.proxied<Record<string, Answer>>("exchanges", { requests });
  for (const [name, { check }] of Object.entries(scenarios)) {
    await test.step(name, () => {
      const { code: _, ...expected } = direct[name]!;
      const { code, ...seen } = proxied[name]!;
      assert.equal(expected.error, null);
      check(direct[name]!);
      assert.deepEqual(seen, expected);
      // RFC 9113, 8.1: with NO_ERROR a server may say that it wants no more of a request it has answered.
      assert.ok(code === null || code === 0, `stream code ${code}`);
    });
  }
  await test.step("the flow records", async () => {
    const count = Object.keys(scenarios).length;
    await bench.proxy.http(() => bench.flows.length >= count);
    const { client, origin } = bench.route;
    const version = (spoken: string) => spoken === "h2" ? "HTTP/2.0" : "HTTP/1.1";
    for (const { request, response, error } of bench.flows) {
      assert.equal(error, null, `${request.head.path}: ${JSON.stringify(error)}`);
      assert.deepEqual(
        [request.head.version, response?.head.version],
        [version(client), version(origin)],
        request.head.path,
      );
    }
    assert.equal(bench.flows.length, count);
  });
});

const fromHttp2 = http2Routes.filter(({ client }) => client === "h2");

http2Test("cookies sent one by one are one line to an origin of HTTP/1.1", fromHttp2, async (bench) => {
  const cookies = ["a=1", "b=2; c=3", "d=4"];
  const expected = bench.route.origin === "h1" ? [cookies.join("; ")] : cookies;
  assert.deepEqual(await bench.proxied("crumbs", { cookies }), expected);
  const { request } = await bench.proxy.http(({ request }) => request.head.path === "/cookies");
  assert.deepEqual(request.head.fields.all("cookie"), cookies);
});

http2Test("an answer before the request is there", http2Routes, async (bench) => {
  const expected = { status: 413, text: "no more, thank you\n" };
  assert.deepEqual(await bench.direct("earlyAnswer", { length: LARGE }), expected);
  assert.deepEqual(await bench.proxied("earlyAnswer", { length: LARGE }), expected);
});

http2Test("each event is seen before the next one is sent", http2Routes, async (bench) => {
  const expected = { status: 200, error: null, inStep: true };
  assert.deepEqual(await bench.direct("events", { count: 20 }), expected);
  assert.deepEqual(await bench.proxied("events", { count: 20 }), expected);
});

http2Test("both directions of one stream, in step", http2Routes, async (bench) => {
  const text = `<open>${Array.from({ length: 20 }, (_, index) => `<m${index}>`).join("")}`;
  const expected = { status: 200, error: null, text };
  assert.deepEqual(await bench.direct("conversation", { count: 20 }), expected);
  assert.deepEqual(await bench.proxied("conversation", { count: 20 }), expected);
});

/** RFC 9113, 7; one that has no name, and the largest there is. Without 0, which is no failure. */
const CODES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0x1234, 0xffffffff];

http2Test("reset codes, both ways", http2OnBothLegs, async (bench) => {
  const direct = await bench.direct("resets", { codes: CODES });
  assert.deepEqual(direct, { client: CODES, server: CODES });
  assert.deepEqual(await bench.proxied("resets", { codes: CODES }), direct);
});

http2Test("an exchange that is cut short ends badly on the other leg", http2Routes, async (bench) => {
  const expected = { byServer: true, byClient: true };
  assert.deepEqual(await bench.direct("cutShort"), expected);
  assert.deepEqual(await bench.proxied("cutShort"), expected);
});
