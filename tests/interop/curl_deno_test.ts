// curl against Deno.serve, directly and through the proxy in every way.

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { assertFlows, assertSameAnswer, Comparison, type Run } from "../kit/compare.ts";
import { peerTest } from "../kit/peers.ts";
import { type Digest, startDenoOrigin } from "./deno_origin.ts";
import { generatedBytes, generatedHash } from "./generated_bytes.ts";

const LARGE = 3_000_000;

interface Scenario {
  name: string;
  path: string;
  args?: string[];
  stdin?: () => Iterable<Uint8Array>;
  status: number;
  requestBodyLength?: number;
  requestCutShort?: boolean;
  /** About every run. */
  check?: (run: Run) => void;
}

const scenarios: Scenario[] = [
  { name: "GET", path: "/tagged", status: 200 },
  {
    name: "GET of 3 MB with a length",
    path: `/bytes?length=${LARGE}`,
    status: 200,
    check: ({ curl }) => {
      assert.match(curl.head, /content-length: 3000000\r\n/);
      assert.equal(curl.bodyHash, generatedHash(LARGE));
    },
  },
  {
    name: "GET of 3 MB in chunks",
    path: `/bytes?length=${LARGE}&chunked`,
    status: 200,
    check: ({ curl }) => {
      assert.match(curl.head, /transfer-encoding: chunked\r\n/);
      assert.equal(curl.bodyHash, generatedHash(LARGE));
    },
  },
  { name: "HEAD", path: `/bytes?length=${LARGE}`, args: ["--head"], status: 200 },
  { name: "204", path: "/nothing", status: 204 },
  { name: "304", path: "/tagged", args: ["--header", 'If-None-Match: "tag"'], status: 304 },
  { name: "404", path: "/missing", status: 404 },
  {
    name: "gzip",
    path: "/text",
    args: ["--header", "Accept-Encoding: gzip"],
    status: 200,
    check: ({ curl }) => {
      assert.match(curl.head, /content-encoding: gzip\r\n/);
      assert.equal(gunzipSync(curl.body).length, 10_000);
    },
  },
  { name: "an HTTP/1.0 client", path: "/tagged", args: ["--http1.0", "--no-alpn"], status: 200 },
  {
    name: "POST with a length",
    path: "/digest",
    args: ["--data-binary", "@-", "--header", "Expect:"],
    stdin: () => generatedBytes(LARGE),
    status: 200,
    requestBodyLength: LARGE,
    check: checkDigest("POST", "content-length"),
  },
  {
    name: "chunked PUT",
    path: "/digest",
    args: ["--upload-file", "-", "--header", "Expect:"],
    stdin: () => generatedBytes(LARGE),
    status: 200,
    requestBodyLength: LARGE,
    check: checkDigest("PUT", "transfer-encoding"),
  },
  {
    name: "Expect: 100-continue",
    path: "/digest",
    args: ["--data-binary", "@-", "--header", "Expect: 100-continue", "--expect100-timeout", "20"],
    stdin: () => generatedBytes(LARGE),
    status: 200,
    requestBodyLength: LARGE,
    check: (run) => {
      checkDigest("POST", "expect")(run);
      assert.deepEqual(run.curl.interim, ["HTTP/1.1 100 Continue\r\n\r\n"]);
    },
  },
  {
    name: "413 without reading the body",
    path: "/refused",
    args: ["--data-binary", "@-", "--header", "Expect:"],
    stdin: () => generatedBytes(LARGE),
    status: 413,
    requestCutShort: true,
  },
];

for (const scheme of ["http", "https"] as const) {
  peerTest(
    ["curl"],
    `curl and Deno.serve over ${scheme}: the same directly and through the proxy`,
    async (test) => {
      await using origin = await startDenoOrigin(scheme);
      await using comparison = await Comparison.start({ scheme, port: origin.port });
      for (const { name, path, args = [], stdin, status, check, ...expected } of scenarios) {
        await test.step(name, async () => {
          const runs = await comparison.run({ path, args, ...(stdin === undefined ? {} : { stdin }) });
          assert.match(runs[0]!.curl.head, new RegExp(`^HTTP/1\\.[01] ${status} `), runs[0]!.curl.messages);
          for (const run of runs) check?.(run);
          // A digest names the URL, which is another one in reverse mode only in its port.
          assertSameAnswer(runs);
          assertFlows(comparison, runs, expected);
        });
      }
      assert.deepEqual(comparison.regular.hookErrors, []);
    },
  );
}

peerTest(
  ["curl"],
  "a client that offers HTTP/2 gets it, and with it the origin's",
  async () => {
    await using origin = await startDenoOrigin("https");
    await using comparison = await Comparison.start({ scheme: "https", port: origin.port });
    for (const way of ["tunnel", "reverse"] as const) {
      const { curl, flow } = await comparison.runOne(way, { path: "/tagged", args: ["--http2"] });
      assert.match(curl.messages, /ALPN: offers h2,http\/1\.1\n/);
      assert.match(curl.head, /^HTTP\/2 200 /);
      assert.deepEqual(flow?.client.tls?.alpnOffers, ["h2", "http/1.1"]);
      assert.deepEqual([flow?.client.tls?.alpn, flow?.server?.tls?.alpn], ["h2", "h2"]);
    }
  },
);

function checkDigest(method: string, field: string): (run: Run) => void {
  return ({ way, curl }) => {
    const digest: Digest = JSON.parse(new TextDecoder().decode(curl.body));
    assert.deepEqual([digest.method, digest.length, digest.hash], [method, LARGE, generatedHash(LARGE)], way);
    assert.ok(digest.fields.some(([name]) => name === field), way);
  };
}
