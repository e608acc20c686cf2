// A browser that speaks to the proxy itself over TLS does so in HTTP/2, with CONNECT for each host in streams of it.

import assert from "node:assert/strict";
import { loadPage } from "../kit/chromium.ts";
import { startNginx } from "../kit/nginx_origin.ts";
import { peerTest } from "../kit/peers.ts";
import { Program } from "./program.ts";

interface Line {
  type: string;
  event?: string;
  leg?: string;
  server_name?: string | null;
  connection?: { id: number };
  client?: { id: number };
  tls?: { alpn: string | null } | null;
  url?: string;
  request?: { version: string };
  response?: { status: number } | null;
}

peerTest(["chromium", "nginx"], "Chromium with a secure proxy: tunnels in streams of HTTP/2", async () => {
  const page = `<!doctype html><title>tunnelled</title><link rel="icon" href="data:,"><script>
const hosts = [];
addEventListener("load", () => document.body.append("hosts: " + hosts.join("+")));
</script><script src="https://one.example/host.js"></script><script src="https://two.example/host.js"></script>`;
  await using nginx = await startNginx({
    files: { "page.html": new TextEncoder().encode(page) },
    http2: true,
    server: `location /host.js { default_type text/javascript; return 200 'hosts.push("$host");'; }`,
  });
  await using program = await Program.start([
    "--insecure",
    `--resolve=*:443:127.0.0.1:${nginx.tlsPort}`,
    `--resolve=*:80:127.0.0.1:${nginx.tlsPort}`,
    "--log-format=json",
    "--verbose",
  ]);
  const proxy = program.url.replace("http:", "https:");
  const { document, messages } = await loadPage(proxy, "https://page.example/page.html");
  assert.match(document, /hosts: one\.example\+two\.example/, `${messages}\n${program.text.slice(-3_000)}`);
  await program.until(/"url":"https:\/\/two[.]example\/host[.]js"/);
  const lines = program.text.split("\n").filter((line) => line.startsWith("{"))
    .map((line): Line => JSON.parse(line));
  const toProxy = lines.filter(({ type, event, leg, server_name: name, tls }) =>
    type === "tls" && event === "tls-established" && leg === "client" && name === null && tls?.alpn === "h2"
  ).map(({ connection }) => connection?.id);
  assert.ok(toProxy.length > 0, "h2 is agreed on with the proxy itself");
  const flows = lines.filter(({ type, url }) =>
    type === "http" && /^https:\/\/(page|one|two)\.example\//.test(url ?? "")
  );
  const clients = new Set(flows.map(({ client }) => client?.id));
  assert.equal(clients.size, 3, "a tunnel for each host, with a record of its own");
  for (const { url, client, request, response } of flows) {
    assert.deepEqual([request?.version, response?.status], ["HTTP/2.0", 200], url);
    assert.ok(!toProxy.includes(client?.id), url);
  }
});
