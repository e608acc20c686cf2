// 100 MB up and down through TLS on both legs, made on the fly: every byte arrives, the record counts all of them and
// keeps no more than it may.

import assert from "node:assert/strict";
import { CAPTURE_LIMIT, Comparison } from "../kit/compare.ts";
import { startNginx } from "../kit/nginx_origin.ts";
import { peerTest } from "../kit/peers.ts";
import { type Digest, startDenoOrigin } from "./deno_origin.ts";
import { generatedBytes, generatedHash } from "./generated_bytes.ts";

const LENGTH = 100 * 1024 * 1024;
const HASH = generatedHash(LENGTH);

const uploads = {
  "POST with a length": ["--data-binary", "@-", "--header", "Expect:"],
  "chunked PUT": ["--upload-file", "-", "--header", "Expect:"],
};

async function exchange(comparison: Comparison, test: Deno.TestContext): Promise<void> {
  for (const [name, args] of Object.entries(uploads)) {
    await test.step(`${name} of 100 MB`, async () => {
      const { curl, flow } = await comparison.runOne("tunnel", {
        path: "/digest",
        args,
        stdin: () => generatedBytes(LENGTH),
      });
      assert.equal(curl.code, 0, curl.messages);
      const digest: Digest = JSON.parse(new TextDecoder().decode(curl.body));
      assert.deepEqual([digest.length, digest.hash], [LENGTH, HASH]);
      const { body } = flow!.request;
      assert.deepEqual([body.length, body.kept, body.truncated], [LENGTH, CAPTURE_LIMIT, true]);
      assert.equal(flow!.error, null);
    });
  }
  for (const path of [`/bytes?length=${LENGTH}`, `/bytes?length=${LENGTH}&chunked`]) {
    await test.step(`GET of 100 MB: ${path}`, async () => {
      const { curl, flow } = await comparison.runOne("tunnel", { path });
      assert.equal(curl.code, 0, curl.messages);
      assert.deepEqual([curl.bodyLength, curl.bodyHash], [LENGTH, HASH]);
      const { body } = flow!.response!;
      assert.deepEqual([body.length, body.kept, body.truncated], [LENGTH, CAPTURE_LIMIT, true]);
      assert.equal(flow!.error, null);
    });
  }
}

peerTest(["curl"], "100 MB each way: curl, proxy, Deno.serve, over TLS", async (test) => {
  await using origin = await startDenoOrigin("https");
  await using comparison = await Comparison.start({ scheme: "https", port: origin.port });
  await exchange(comparison, test);
});

peerTest(["curl", "nginx"], "100 MB each way: curl, proxy, nginx, over TLS", async (test) => {
  // nginx has no files of that size, and hashes nothing: it takes what it sends from behind itself, and as it comes.
  await using behind = await startDenoOrigin("http");
  await using nginx = await startNginx({
    server: `
      client_max_body_size 0;
      location / {
        proxy_pass http://127.0.0.1:${behind.port};
        proxy_http_version 1.1;
        proxy_request_buffering off;
        proxy_buffering off;
      }`,
  });
  await using comparison = await Comparison.start({ scheme: "https", port: nginx.tlsPort });
  await exchange(comparison, test);
});
