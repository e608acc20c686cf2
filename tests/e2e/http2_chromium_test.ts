// A browser through the running program: a page of 200 small resources, all of them over HTTP/2 on both legs.

import assert from "node:assert/strict";
import { loadPage } from "../kit/chromium.ts";
import { startNginx } from "../kit/nginx_origin.ts";
import { peerTest } from "../kit/peers.ts";
import { Program } from "./program.ts";

const COUNT = 200;

/** Each resource counts itself; the number stands in the page once it is complete. */
function site(): Record<string, Uint8Array> {
  const files: Record<string, string> = {};
  let tags = "";
  for (let index = 0; index < COUNT; index++) {
    if (index % 2 === 0) {
      files[`script${index}.js`] = `loaded++; // ${"s".repeat(index * 37 % 4_000)}\n`;
      tags += `<script src="/script${index}.js"></script>\n`;
    } else {
      files[`image${index}.svg`] =
        `<svg xmlns="http://www.w3.org/2000/svg" width="${index}" height="1"></svg>\n`;
      tags += `<img src="/image${index}.svg" onload="loaded++">\n`;
    }
  }
  files["page.html"] = `<!doctype html><title>many</title><script>
let loaded = 0;
addEventListener("load", () => document.body.append("loaded: " + loaded));
</script><link rel="icon" href="data:,">
${tags}`;
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [path, new TextEncoder().encode(content)]),
  );
}

/** A flow as the log tells it. */
interface LoggedFlow {
  type: string;
  url: string;
  request: { version: string };
  response: { version: string; status: number } | null;
  error: unknown;
}

peerTest(["chromium", "nginx"], `Chromium loads a page of ${COUNT} resources over HTTP/2`, async () => {
  await using nginx = await startNginx({
    files: site(),
    http2: true,
    server: "location ~ [.]svg$ { types { image/svg+xml svg; } }",
  });
  // Whatever else the browser wants to see comes from this origin, too.
  await using program = await Program.start([
    "--insecure",
    `--resolve=*:443:127.0.0.1:${nginx.tlsPort}`,
    `--resolve=*:80:127.0.0.1:${nginx.tlsPort}`,
    "--log-format=json",
  ]);
  const { document, messages } = await loadPage(program.url, "https://many.example/page.html");
  assert.match(document, new RegExp(`loaded: ${COUNT}\\b`), `${messages}\n${program.text.slice(-3_000)}`);
  // The log may be behind the browser.
  await program.until(
    new RegExp(`(?:"url":"https://many[.]example/(?:script|image|page)[^]*?){${COUNT + 1}}`),
  );
  const flows = program.text.split("\n").filter((line) => line.startsWith("{"))
    .map((line): LoggedFlow => JSON.parse(line))
    .filter(({ type, url }) => type === "http" && url.startsWith("https://many.example/"));
  const resources = flows.filter(({ url }) => /[.](?:js|svg|html)$/.test(url));
  assert.equal(resources.length, COUNT + 1);
  for (const { url, request, response, error } of resources) {
    assert.deepEqual(
      [request.version, response?.version, response?.status],
      ["HTTP/2.0", "HTTP/2.0", 200],
      url,
    );
    assert.equal(error, null, url);
  }
});
