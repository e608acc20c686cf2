// curl against nginx, Deno.serve and nghttpd, with HTTP/2 on either leg or both: the same directly and through the
// proxy.

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { Comparison, type Way } from "../kit/compare.ts";
import { startNghttpd } from "../kit/nghttpd_origin.ts";
import { startNginx } from "../kit/nginx_origin.ts";
import { peerTest } from "../kit/peers.ts";
import { type Digest, startDenoOrigin } from "./deno_origin.ts";
import { generatedArray, generatedBytes, generatedHash } from "./generated_bytes.ts";
import { compareVersions, type CurlScenario, type CurlVersions } from "./http2_curl.ts";

const PAGE = new TextEncoder().encode("<!doctype html><title>page</title>\n".repeat(300));
const LARGE = 10_000_000;
const UPLOAD = 3_000_000;

/** Both legs HTTP/2; or the client's HTTP/1.1 and the origin's HTTP/2, or the other way round. */
function versionsOf(pairing: "h2 -> h2" | "h1 -> h2" | "h2 -> h1", scheme: "http" | "https"): CurlVersions {
  const http2 = [scheme === "http" ? "--http2-prior-knowledge" : "--http2"];
  const http1 = ["--http1.1"];
  const [client, origin] = pairing.split(" -> ");
  const version = (name: string | undefined) => name === "h2" ? "HTTP/2.0" as const : "HTTP/1.1" as const;
  // This curl speaks HTTP/1 to an explicit proxy. In a tunnel it is asked for what the origin speaks.
  const ways: Way[] = pairing === "h2 -> h1"
    ? ["reverse"]
    : pairing === "h1 -> h2" && scheme === "http"
    ? ["explicit", "tunnel", "reverse"]
    : ["tunnel", "reverse"];
  return {
    direct: origin === "h2" ? http2 : http1,
    proxied: client === "h2" ? http2 : http1,
    client: version(client),
    origin: version(origin),
    ways,
  };
}

const nginxScenarios: CurlScenario[] = [
  { name: "GET", path: "/page.html", status: 200 },
  {
    name: "GET of 10 MB",
    path: "/large.bin",
    status: 200,
    check: ({ bodyHash }) => assert.equal(bodyHash, generatedHash(LARGE)),
  },
  { name: "GET of an empty file", path: "/empty.txt", status: 200 },
  { name: "a query that could be normalised", path: "/page.html?a=%7e&b=//../c;d='%2F'&e", status: 200 },
  { name: "HEAD with Content-Length", path: "/large.bin", args: ["--head"], status: 200 },
  { name: "204", path: "/nothing", status: 204 },
  {
    name: "304",
    path: "/page.html",
    args: ["--header", "If-Modified-Since: Wed, 01 Jan 2020 00:00:00 GMT"],
    status: 304,
  },
  { name: "206", path: "/large.bin", args: ["--range", "1000-60999"], status: 206 },
  { name: "404", path: "/missing", status: 404 },
  { name: "302", path: "/moved", status: 302 },
  {
    name: "gzip made by the server",
    path: "/compressed.css",
    args: ["--header", "Accept-Encoding: gzip"],
    status: 200,
    check: ({ body }) => assert.deepEqual(new Uint8Array(gunzipSync(body)), PAGE),
  },
  {
    name: "trailers, the same one twice",
    path: "/trailed.txt",
    args: ["--header", "TE: trailers", "--header", "Connection: TE"],
    status: 200,
    trailers: ["x-sum: 0123abc", "x-sum: again"],
  },
  { name: "many fields", path: "/many.txt", status: 200 },
];

const nginxServer = `
    location = /nothing { return 204; }
    location = /compressed.css { gzip on; gzip_types text/css; gzip_min_length 1; }
    location = /trailed.txt { add_trailer X-Sum "0123abc"; add_trailer X-Sum "again"; }
    location = /many.txt { ${
  Array.from({ length: 60 }, (_, index) => `add_header X-Field-${index} "${"v".repeat(40)}${index}";`)
    .join(" ")
} }
    location = /moved { return 302 /page.html; }
`;

const files = {
  "page.html": PAGE,
  "large.bin": generatedArray(LARGE),
  "empty.txt": new Uint8Array(0),
  "trailed.txt": PAGE,
  "many.txt": PAGE,
  "compressed.css": PAGE,
};

const h2cHosts = [/^localhost$/];

for (const pairing of ["h2 -> h2", "h1 -> h2", "h2 -> h1"] as const) {
  for (const scheme of ["http", "https"] as const) {
    // Over TLS nginx offers HTTP/1.1 as well, and a client of HTTP/1.1 is given that.
    if (pairing === "h1 -> h2" && scheme === "https") continue;
    peerTest(
      ["curl", "nginx"],
      `curl and nginx, ${pairing} over ${scheme}: the same directly and through the proxy`,
      async (test) => {
        const http2 = pairing !== "h2 -> h1";
        await using nginx = await startNginx({ files, server: nginxServer, http2 });
        const port = scheme === "http" ? nginx.port : nginx.tlsPort;
        const settings = scheme === "http" && http2 ? { h2cHosts } : {};
        await using comparison = await Comparison.start({ scheme, port }, settings);
        await compareVersions(test, comparison, versionsOf(pairing, scheme), nginxScenarios);
        const errors = nginx.errors().split("\n").filter((line) => !/No such file|is deprecated/.test(line));
        assert.equal(errors.join("\n"), "");
      },
    );
  }
}

const digest = (body: Uint8Array): Digest => JSON.parse(new TextDecoder().decode(body));

const denoScenarios: CurlScenario[] = [
  { name: "GET with a length", path: `/bytes?length=${UPLOAD}`, status: 200 },
  { name: "GET without a length", path: `/bytes?length=${UPLOAD}&chunked`, status: 200 },
  { name: "204", path: "/nothing", status: 204 },
  { name: "304", path: "/tagged", args: ["--header", 'If-None-Match: "tag"'], status: 304 },
  {
    name: "POST with a length",
    path: "/digest",
    args: ["--data-binary", "@-", "--header", "Expect:"],
    stdin: () => generatedBytes(LARGE),
    status: 200,
    requestBodyLength: LARGE,
    check: ({ body }) => assert.equal(digest(body).hash, generatedHash(LARGE)),
    normalise: (text) => text.replace(/"url":"[^"]*"/, "").replace(/,?\["host","[^"]*"\]/, ""),
  },
  {
    name: "cookies",
    path: "/digest",
    args: ["--cookie", "a=1; b=2; c=3"],
    status: 200,
    check: ({ body }) => assert.match(new TextDecoder().decode(body), /\["cookie","a=1; b=2; c=3"\]/),
    normalise: (text) => text.replace(/"url":"[^"]*"/, "").replace(/,?\["host","[^"]*"\]/, ""),
  },
];

for (const scheme of ["http", "https"] as const) {
  peerTest(
    ["curl"],
    `curl and Deno.serve, h2 -> h2 over ${scheme}: the same directly and through the proxy`,
    async (test) => {
      await using origin = await startDenoOrigin(scheme);
      const settings = scheme === "http" ? { h2cHosts } : {};
      await using comparison = await Comparison.start({ scheme, port: origin.port }, settings);
      await compareVersions(test, comparison, versionsOf("h2 -> h2", scheme), denoScenarios);
    },
  );
}

const nghttpdScenarios: CurlScenario[] = [
  {
    name: "GET of 10 MB, and a trailer",
    path: "/large.bin",
    status: 200,
    trailers: ["x-sum: 0123abc"],
    check: ({ bodyHash }) => assert.equal(bodyHash, generatedHash(LARGE)),
  },
  { name: "HEAD", path: "/page.html", args: ["--head"], status: 200 },
  { name: "404", path: "/missing", status: 404, trailers: ["x-sum: 0123abc"] },
  {
    name: "what was posted comes back",
    path: "/echo",
    args: ["--data-binary", "@-", "--header", "Expect:"],
    stdin: () => generatedBytes(UPLOAD),
    status: 200,
    requestBodyLength: UPLOAD,
    trailers: ["x-sum: 0123abc"],
    check: ({ bodyHash }) => assert.equal(bodyHash, generatedHash(UPLOAD)),
  },
];

for (const pairing of ["h2 -> h2", "h1 -> h2"] as const) {
  for (const scheme of ["http", "https"] as const) {
    // Over TLS nghttpd hangs up without a word on who offers HTTP/1.1 alone, whether it is a client or mitm for one.
    if (pairing === "h1 -> h2" && scheme === "https") continue;
    peerTest(
      ["curl", "nghttpd"],
      `curl and nghttpd, which speaks nothing else, ${pairing} over ${scheme}: the same directly and through the proxy`,
      async (test) => {
        const args = ["--trailer=x-sum: 0123abc", "--echo-upload"];
        await using origin = await startNghttpd({ scheme, files, args });
        const settings = scheme === "http" ? { h2cHosts } : {};
        await using comparison = await Comparison.start({ scheme, port: origin.port }, settings);
        await compareVersions(test, comparison, versionsOf(pairing, scheme), nghttpdScenarios);
      },
    );
  }
}
