// curl over SOCKS5, and over TLS to the proxy, on the same port.

import assert from "node:assert/strict";
import { startRawOrigin } from "../kit/origins.ts";
import { curl } from "../kit/curl.ts";
import { peerTest } from "../kit/peers.ts";
import { sayHello } from "../proxy/tls_origins.ts";
import { Program } from "./program.ts";

const HOST = "example.com";

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

peerTest(["curl"], "curl: SOCKS5 and TLS to the proxy, http and https inside, all on one port", async () => {
  await using plain = await startRawOrigin({ onConnection: sayHello });
  await using secure = await startRawOrigin({
    tls: { names: [HOST], alpn: ["http/1.1"] },
    onConnection: sayHello,
  });
  await using program = await Program.start([
    "--resolve",
    `${HOST}:80:127.0.0.1:${plain.port}`,
    "--resolve",
    `${HOST}:443:127.0.0.1:${secure.port}`,
  ]);
  const address = `127.0.0.1:${program.port}`;
  const proxies: [string, string[]][] = [
    ["socks5-hostname", ["--socks5-hostname", address]],
    ["http", ["--proxy", `http://${address}`]],
    ["https", ["--proxy", `https://${address}`, "--proxy-cacert", program.caFile]],
    ["https by name", [
      "--proxy",
      `https://proxy.example:${program.port}`,
      "--proxy-cacert",
      program.caFile,
      "--resolve",
      `proxy.example:${program.port}:127.0.0.1`,
    ]],
    ["https, tunnel", [
      "--proxy",
      `https://localhost:${program.port}`,
      "--proxy-cacert",
      program.caFile,
      "--proxytunnel",
    ]],
  ];
  for (const [name, args] of proxies) {
    for (const scheme of ["http", "https"]) {
      const url = `${scheme}://${HOST}/${encodeURIComponent(name)}`;
      const result = await curl({ args: [...args, "--cacert", program.caFile, url] });
      assert.equal(result.code, 0, `${name}: ${url}: ${result.messages}`);
      assert.equal(text(result.body), "hello", name);
      await program.until(new RegExp(`${url.replaceAll("%", "%")} .*200`));
    }
  }
});

peerTest(["curl"], "curl: SOCKS5 with an address, and refusals", async () => {
  await using origin = await startRawOrigin({ onConnection: sayHello });
  await using program = await Program.start();
  const socks = ["--socks5", `127.0.0.1:${program.port}`];
  const good = await curl({ args: [...socks, `http://127.0.0.1:${origin.port}/`] });
  assert.equal(good.code, 0, good.messages);
  const refused = await curl({ args: [...socks, "http://127.0.0.1:1/"] });
  // CURLE_PROXY, and the reply code in curl's own words.
  assert.equal(refused.code, 97, refused.messages);
  assert.match(refused.messages, /\(5\)|refused/i);
  const unknown = await curl({
    args: ["--socks5-hostname", `127.0.0.1:${program.port}`, "http://no-such-host.invalid/"],
  });
  assert.equal(unknown.code, 97, unknown.messages);
  assert.match(unknown.messages, /\(4\)|unreachable/i);
  await program.until(/cannot resolve no-such-host\.invalid/);
});
