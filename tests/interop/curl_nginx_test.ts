// curl against nginx, directly and through the proxy in every way: the same bytes, and a record that shows them.

import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import type { HttpFlow } from "../../lib/flow/record.ts";
import { curl } from "../kit/curl.ts";
import { assertFlows, assertSameAnswer, Comparison, type Run } from "../kit/compare.ts";
import { type NginxOrigin, startNginx } from "../kit/nginx_origin.ts";
import { peerTest } from "../kit/peers.ts";
import { generatedArray, generatedBytes, generatedHash } from "./generated_bytes.ts";

const PAGE = new TextEncoder().encode("<!doctype html><title>page</title>\n".repeat(300));
const LARGE = 3_000_000;

const SERVER = `
    location = /nothing { return 204; }
    location = /posted { client_max_body_size 0; return 200 "taken\\n"; }
    location = /limited { client_max_body_size 1k; return 200 "taken\\n"; }
    location = /compressed.css { gzip on; gzip_types text/css; gzip_min_length 1; }
    location = /trailed.txt { add_trailer X-Sum "0123abc"; add_trailer X-Sum "again"; }
    location = /many.txt { ${
  Array.from({ length: 60 }, (_, index) => `add_header X-Field-${index} "${"v".repeat(40)}${index}";`).join(
    " ",
  )
} }
    location = /tls {
      add_header X-Server-Name $ssl_server_name;
      add_header X-Version $ssl_protocol;
      add_header X-Cipher $ssl_cipher;
      add_header X-Alpn $ssl_alpn_protocol;
      return 200 "$scheme\n";
    }
    location = /moved { return 302 /page.html; }
    location = /closing.txt { keepalive_timeout 0; }
`;

function startOrigin(): Promise<NginxOrigin> {
  return startNginx({
    files: {
      "page.html": PAGE,
      "large.bin": generatedArray(LARGE),
      "empty.txt": new Uint8Array(0),
      "trailed.txt": PAGE,
      "many.txt": PAGE,
      "closing.txt": PAGE,
      "compressed.css": PAGE,
      "stored.gz": new Uint8Array(gzipSync(PAGE)),
    },
    server: SERVER,
  });
}

interface Scenario {
  name: string;
  path: string;
  args?: string[];
  stdin?: () => Iterable<Uint8Array>;
  status: number;
  requestBodyLength?: number;
  requestCutShort?: boolean;
  normalise?: (text: string) => string;
  /** More about the direct run: the scenario is what its name says. */
  check?: (direct: Run) => void;
}

const scenarios: Scenario[] = [
  { name: "GET", path: "/page.html", status: 200 },
  {
    name: "GET of 3 MB",
    path: "/large.bin",
    status: 200,
    check: ({ curl }) => assert.equal(curl.bodyHash, generatedHash(LARGE)),
  },
  {
    name: "GET of an empty file",
    path: "/empty.txt",
    status: 200,
    check: ({ curl }) => assert.match(curl.head, /Content-Length: 0\r\n/),
  },
  {
    name: "a query and bytes that could be normalised in the target",
    path: "/page.html?a=%7e&b=//../c;d='%2F'&e",
    status: 200,
  },
  {
    name: "HEAD with Content-Length",
    path: "/large.bin",
    args: ["--head"],
    status: 200,
    check: ({ curl }) => assert.match(curl.head, new RegExp(`Content-Length: ${LARGE}\r\n`)),
  },
  { name: "204", path: "/nothing", status: 204 },
  {
    name: "304 by If-None-Match",
    path: "/page.html",
    args: ["--header", `If-None-Match: "other", "5e0be100-${PAGE.length.toString(16)}"`],
    status: 304,
  },
  {
    name: "304 by If-Modified-Since",
    path: "/page.html",
    args: ["--header", "If-Modified-Since: Wed, 01 Jan 2020 00:00:00 GMT"],
    status: 304,
  },
  {
    name: "206, one range",
    path: "/large.bin",
    args: ["--range", "1000-60999"],
    status: 206,
    check: ({ curl }) => {
      assert.match(curl.head, /Content-Range: bytes 1000-60999\/3000000\r\n/);
      assert.equal(curl.bodyLength, 60_000);
    },
  },
  {
    name: "206, several ranges",
    path: "/large.bin",
    args: ["--range", "0-99,200-299,-5"],
    status: 206,
    normalise: (text) => text.replaceAll(/(boundary=|--)\d{20}/g, "$1…"),
    check: ({ curl }) => assert.match(curl.head, /Content-Type: multipart\/byteranges; boundary=/),
  },
  { name: "416", path: "/page.html", args: ["--range", "99999999-"], status: 416 },
  { name: "404", path: "/missing", status: 404 },
  { name: "302", path: "/moved", status: 302 },
  {
    name: "what nginx saw of TLS: version, cipher, server name, ALPN",
    path: "/tls",
    status: 200,
    check: ({ curl, url }) => {
      if (url.startsWith("https:")) {
        assert.match(curl.head, /X-Server-Name: localhost\r\nX-Version: TLSv1\.3\r\nX-Cipher: /);
      }
    },
  },
  {
    name: "gzip made by the server",
    path: "/compressed.css",
    args: ["--header", "Accept-Encoding: gzip"],
    status: 200,
    check: ({ curl }) => {
      assert.match(curl.head, /Content-Encoding: gzip\r\n/);
      assert.match(curl.head, /Transfer-Encoding: chunked\r\n/);
      assert.deepEqual(new Uint8Array(gunzipSync(curl.body)), PAGE);
    },
  },
  {
    name: "trailers, the same one twice",
    path: "/trailed.txt",
    args: ["--header", "TE: trailers", "--header", "Connection: TE"],
    status: 200,
    check: ({ curl }) => assert.equal(curl.trailers, "X-Sum: 0123abc\r\nX-Sum: again\r\n"),
  },
  {
    name: "many fields",
    path: "/many.txt",
    status: 200,
    check: ({ curl }) => assert.match(curl.head, /X-Field-59: v{40}59\r\n/),
  },
  {
    name: "a response that closes",
    path: "/closing.txt",
    status: 200,
    check: ({ curl }) => assert.match(curl.head, /Connection: close\r\n/),
  },
  {
    name: "an HTTP/1.0 client",
    path: "/page.html",
    args: ["--http1.0"],
    status: 200,
  },
  {
    name: "POST with a length",
    path: "/posted",
    args: ["--data-binary", "@-", "--header", "Expect:"],
    stdin: () => generatedBytes(LARGE),
    status: 200,
    requestBodyLength: LARGE,
  },
  {
    name: "chunked PUT",
    path: "/posted",
    args: ["--upload-file", "-", "--header", "Expect:"],
    stdin: () => generatedBytes(LARGE),
    status: 200,
    requestBodyLength: LARGE,
    check: ({ curl }) => assert.match(curl.sent, /Transfer-Encoding: chunked\r\n/),
  },
  {
    name: "413 before the body, which is not sent (Expect: 100-continue)",
    path: "/limited",
    args: ["--data-binary", "@-", "--header", "Expect: 100-continue", "--expect100-timeout", "20"],
    stdin: () => generatedBytes(100_000),
    status: 413,
    requestCutShort: true,
    check: ({ curl }) => assert.deepEqual(curl.interim, []),
  },
  {
    name: "413 while the body is on its way",
    path: "/limited",
    args: ["--data-binary", "@-", "--header", "Expect:"],
    stdin: () => generatedBytes(LARGE),
    status: 413,
    requestCutShort: true,
  },
];

for (const scheme of ["http", "https"] as const) {
  peerTest(
    ["curl", "nginx"],
    `curl and nginx over ${scheme}: the same directly and through the proxy`,
    async (test) => {
      await using nginx = await startOrigin();
      await using comparison = await Comparison.start({
        scheme,
        port: scheme === "http" ? nginx.port : nginx.tlsPort,
      });
      for (const { name, path, args, stdin, status, normalise, check, ...expected } of scenarios) {
        await test.step(name, async () => {
          const runs = await comparison.run({
            path,
            ...(args === undefined ? {} : { args }),
            ...(stdin === undefined ? {} : { stdin }),
          });
          assert.match(runs[0]!.curl.head, new RegExp(`^HTTP/1\\.1 ${status} `), runs[0]!.curl.messages);
          check?.(runs[0]!);
          assertSameAnswer(runs, normalise === undefined ? {} : { normalise });
          assertFlows(comparison, runs, normalise === undefined ? expected : { ...expected, normalise });
        });
      }
      assert.equal(
        nginx.errors().split("\n").filter((line) => !/too large body|No such file/.test(line)).join("\n"),
        "",
      );
    },
  );
}

peerTest(["curl", "nginx"], "TLS 1.2 alone, at the origin or at the client", async () => {
  await using nginx = await startNginx({ files: { "page.html": PAGE }, tlsVersions: "TLSv1.2" });
  await using comparison = await Comparison.start({ scheme: "https", port: nginx.tlsPort });
  const old = await comparison.run({ path: "/page.html", args: ["--tls-max", "1.2"] });
  assertSameAnswer(old);
  assertFlows(comparison, old);
  const { curl, flow } = await comparison.runOne("tunnel", { path: "/page.html" });
  assert.equal(curl.bodyLength, PAGE.length);
  assert.deepEqual([flow?.client.tls?.version, flow?.server?.tls?.version], ["TLSv1.3", "TLSv1.2"]);
});

peerTest(["curl", "nginx"], "curl speaks TLS to the proxy itself", async () => {
  await using nginx = await startOrigin();
  await using comparison = await Comparison.start({ scheme: "https", port: nginx.tlsPort });
  const { regular } = comparison;
  const args = ["--proxy", `https://localhost:${regular.port}`, "--proxy-cacert", regular.caFile];
  for (const url of [`http://localhost:${nginx.port}`, `https://localhost:${nginx.tlsPort}`]) {
    const result = await curl({ args: [...args, "--cacert", regular.caFile, `${url}/large.bin`] });
    assert.equal(result.code, 0, result.messages);
    assert.equal(result.bodyHash, generatedHash(LARGE));
  }
});

peerTest(
  ["curl", "nginx"],
  "requests of one curl share their tunnel, and its connection to nginx",
  async () => {
    await using nginx = await startOrigin();
    await using comparison = await Comparison.start({ scheme: "https", port: nginx.tlsPort });
    const { regular } = comparison;
    const urls = ["page.html", "large.bin", "missing", "page.html", "nothing"].map((path) =>
      comparison.urlFor("tunnel", `/${path}`)
    );
    const result = await curl({ args: ["--proxy", regular.url, "--cacert", regular.caFile, ...urls] });
    assert.equal(result.code, 0, result.messages);
    await regular.http(({ request }) => request.head.path === "/nothing");
    const flows = regular.ended.filter((flow): flow is HttpFlow => flow.kind === "http");
    assert.deepEqual(flows.map(({ response }) => response?.head.status), [200, 200, 404, 200, 204]);
    assert.equal(new Set(flows.map(({ server }) => server)).size, 1);
    assert.equal(new Set(flows.map(({ client }) => client)).size, 1);
  },
);
