// HTTP/2 without TLS to the proxy: by prior knowledge (RFC 9113, 3.3) and by Upgrade (RFC 7540, 3.2), in reverse mode, to
// the explicit proxy and in a tunnel; with an origin of either version behind it. What comes is what comes directly.

import assert from "node:assert/strict";
import { Comparison, type Run, type Way } from "../kit/compare.ts";
import { nghttp } from "../kit/nghttp.ts";
import { startNginx } from "../kit/nginx_origin.ts";
import { peerTest } from "../kit/peers.ts";
import { generatedArray } from "./generated_bytes.ts";
import { comparable, same } from "./http2_curl.ts";

const LARGE = 3_000_000;
const files = {
  "page.html": new TextEncoder().encode("<!doctype html><title>page</title>\n".repeat(300)),
  "large.bin": generatedArray(LARGE),
};
const server = `location = /posted { return 200 "taken\\n"; }`;

/** An nginx that speaks `origin` in the clear, and proxies that know it. */
async function start(origin: "h1" | "h2") {
  await using resources = new AsyncDisposableStack();
  const http2 = origin === "h2";
  const nginx = resources.use(await startNginx({ files, server, http2 }));
  const comparison = resources.use(
    await Comparison.start(
      { scheme: "http", port: nginx.port },
      http2 ? { h2cHosts: [/^localhost$/] } : {},
    ),
  );
  const direct = (path: string) =>
    comparison.runOne("direct", { path, args: http2 ? ["--http2-prior-knowledge"] : [] });
  const all = resources.move();
  return { nginx, comparison, direct, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Without interim responses: the one that switches versions is of the client's own connection. `version`: of the request. */
function assertSame(seen: Run, direct: Run, version: string): void {
  const { interim: _, ...expected } = comparable(direct.curl, same);
  const { interim: __, ...got } = comparable(seen.curl, same);
  assert.deepEqual(got, expected, `${seen.way}: ${seen.curl.messages}`);
  assert.match(seen.curl.head, /^HTTP\/2 /, seen.way);
  assert.equal(seen.flow?.error, null);
  assert.equal(seen.flow?.request.head.version, version, seen.way);
}

for (const origin of ["h1", "h2"] as const) {
  peerTest(["curl", "nginx"], `curl by Upgrade: h2c, the origin speaks ${origin}`, async (test) => {
    await using setting = await start(origin);
    for (const path of ["/page.html", "/large.bin", "/missing"]) {
      const direct = await setting.direct(path);
      for (const way of ["explicit", "tunnel", "reverse"] as Way[]) {
        await test.step(`${path}: ${way}`, async () => {
          const seen = await setting.comparison.runOne(way, { path, args: ["--http2"] });
          assert.match(seen.curl.interim[0] ?? "", /^HTTP\/1\.1 101 /, seen.curl.messages);
          assertSame(seen, direct, "HTTP/1.1");
        });
      }
    }
    await test.step("a request with a body is answered, whichever version it is in then", async () => {
      const stdin = () => [generatedArray(50_000)];
      const args = ["--http2", "--data-binary", "@-", "--header", "Expect:"];
      const { curl, flow } = await setting.comparison.runOne("reverse", { path: "/posted", args, stdin });
      assert.deepEqual([curl.code, curl.bodyLength], [0, 6], curl.messages);
      assert.equal(flow?.response?.head.status, 200);
    });
  });

  peerTest(["curl", "nginx"], `curl by prior knowledge, the origin speaks ${origin}`, async (test) => {
    await using setting = await start(origin);
    for (const path of ["/page.html", "/large.bin", "/missing"]) {
      const direct = await setting.direct(path);
      // This curl speaks HTTP/1 to an explicit proxy. In a tunnel the origin is spoken to as the client speaks.
      for (const way of (origin === "h2" ? ["tunnel", "reverse"] : ["reverse"]) as Way[]) {
        await test.step(`${path}: ${way}`, async () => {
          const seen = await setting.comparison.runOne(way, { path, args: ["--http2-prior-knowledge"] });
          assertSame(seen, direct, "HTTP/2.0");
        });
      }
    }
  });

  peerTest(
    ["curl", "nghttp", "nginx"],
    `nghttp by prior knowledge and by Upgrade, the origin speaks ${origin}`,
    async () => {
      await using setting = await start(origin);
      const { regular, reverse, originPort } = setting.comparison;
      const reverseUrl = `http://localhost:${reverse.port}`;
      const ways = {
        "prior knowledge, explicit": [
          `--header=:authority: localhost:${originPort}`,
          `http://localhost:${regular.port}`,
        ],
        "prior knowledge, reverse": [reverseUrl],
        "Upgrade, reverse": ["--upgrade", reverseUrl],
      };
      const { curl } = await setting.direct("/large.bin");
      for (const [name, words] of Object.entries(ways)) {
        const url = `${words.at(-1)}/large.bin`;
        const { code, streams, log } = await nghttp([...words.slice(0, -1), url]);
        assert.equal(code, 0, log);
        const [stream] = streams.values();
        assert.equal(stream?.fields[0], ":status: 200", name);
        assert.equal(stream?.dataLength, curl.bodyLength, name);
        assert.equal(/HTTP Upgrade response/.test(log), name.startsWith("Upgrade"), log);
      }
    },
  );
}
