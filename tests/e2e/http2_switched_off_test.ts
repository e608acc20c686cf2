// `--no-http2`: HTTP/1 on both legs, whatever client and origin could speak; without it both agree on h2.

import assert from "node:assert/strict";
import { curl } from "../kit/curl.ts";
import { startNginx } from "../kit/nginx_origin.ts";
import { peerTest } from "../kit/peers.ts";
import { Program } from "./program.ts";

/** ALPN as nginx and curl saw it, and curl's version of the answer. */
async function spoken(words: string[], way: "tunnel" | "reverse"): Promise<string[]> {
  await using nginx = await startNginx({
    http2: true,
    server: `location / { add_header X-Protocol $server_protocol; return 200 "$ssl_alpn_protocol\\n"; }`,
  });
  const mode = way === "reverse" ? ["--mode", `reverse:https://localhost:${nginx.tlsPort}`] : [];
  await using program = await Program.start([...mode, ...words]);
  const to = way === "reverse"
    ? [`https://localhost:${program.port}/`]
    : ["--proxy", program.url, `https://localhost:${nginx.tlsPort}/`];
  const { code, head, body, messages } = await curl({ args: ["--http2", "--cacert", program.caFile, ...to] });
  assert.equal(code, 0, messages);
  const protocol = /x-protocol: (\S+)/i.exec(head)?.[1] ?? "";
  return [/^HTTP\/\S+/.exec(head)?.[0] ?? "", new TextDecoder().decode(body).trim(), protocol];
}

for (const way of ["tunnel", "reverse"] as const) {
  peerTest(["curl", "nginx"], `HTTP/2 on both legs, and with --no-http2 on neither: ${way}`, async () => {
    assert.deepEqual(await spoken([], way), ["HTTP/2", "h2", "HTTP/2.0"]);
    assert.deepEqual(await spoken(["--no-http2"], way), ["HTTP/1.1", "http/1.1", "HTTP/1.1"]);
  });
}
