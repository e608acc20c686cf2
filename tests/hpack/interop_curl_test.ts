// In step with curl: several requests over one connection, whose header lists we decode and whose answers curl
// understands, while our encoder's table changes its size at will (RFC 7541, 4.2).

import assert from "node:assert/strict";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { peer, peerTest } from "../kit/peers.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";
import { pairs } from "./blocks.ts";
import { RawHttp2 } from "./raw_http2.ts";
import type { FieldLine } from "./rfc_examples.ts";

/** What our encoder may use before each answer. */
const tableSizes = [4096, 0, 4096, 100, 50, 4096, 4096];

function answerOf(index: number): FieldLine[] {
  return [
    [":status", index % 2 === 0 ? "200" : "418"],
    ["server", "test"],
    ["x-index", String(index)],
    ["x-bytes", "caf\xe9 \xff\xa0x"],
    ["x-long", "long ".repeat(20 * (index + 1)).trim()],
    ["set-cookie", `a=${index}`],
    ["set-cookie", "b=0123456789abcdef; path=/"],
  ];
}

/** curl's own fields of request `index`. */
function requestOf(index: number): FieldLine[] {
  return [
    ["x-same", "the same every time"],
    ["x-index", String(index)],
    ["cookie", `${"0123456789".repeat(5)}=${index % 2}`],
    ["authorization", "Basic eDp5"],
  ];
}

peerTest(
  ["curl"],
  "curl: header lists both ways over one connection, the table resized before each",
  async () => {
    // Over TLS: in the clear, curl 7.88 takes its connection up again and then sends nothing.
    const leaf = await (await testOriginAuthority()).leafFor({ host: "localhost", extraNames: [] });
    const listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: leaf.certificatePem,
      key: leaf.keyPem,
      alpnProtocols: ["h2"],
    });
    // Closed when it fails, too: curl would try again, and wait.
    const serving = serve(listener).finally(() => listener.close());
    const url = `https://127.0.0.1:${listener.addr.port}`;
    const args = ["--disable"];
    for (let index = 0; index < tableSizes.length; index++) {
      if (index > 0) args.push("--next");
      args.push("--silent", "--include", "--insecure", "--http2", "--noproxy", "", "--max-time", "20");
      for (const [name, value] of requestOf(index)) args.push("--header", `${name}: ${value}`);
      args.push(`${url}/${index}`);
    }
    const running = new Deno.Command(peer("curl")!, { args, stdin: "null" }).output();
    const [connections, { code, stdout }] = await Promise.all([serving, running]);
    assert.equal(code, 0);
    assert.equal(connections, 1);
    const expected = tableSizes.map((_, index) => {
      const [[, status], ...fields] = answerOf(index) as [FieldLine, ...FieldLine[]];
      return [`HTTP/2 ${status} `, ...fields.map(([name, value]) => `${name}: ${value}`), "", ""].join(
        "\r\n",
      );
    });
    assert.equal(latin1Decode(stdout), expected.join(""));
  },
);

/** Answers all requests, checks them, and gives the number of connections they took. */
async function serve(listener: Deno.TlsListener): Promise<number> {
  let connections = 0;
  for (let index = 0; index < tableSizes.length;) {
    using connection = await listener.accept();
    connections++;
    const raw = new RawHttp2(connection, 4096);
    await raw.readPreface();
    await raw.sendSettings();
    for (; index < tableSizes.length; index++) {
      const event = await raw.next();
      if (event === null) break;
      assert.equal(event.kind, "headers");
      if (event.kind !== "headers") continue;
      const request = pairs(event.block.list);
      assert.deepEqual(request.slice(0, 4), [
        [":method", "GET"],
        [":path", `/${index}`],
        [":scheme", "https"],
        [":authority", `127.0.0.1:${listener.addr.port}`],
      ]);
      assert.deepEqual(request.slice(-4), requestOf(index));
      assert.deepEqual(event.block.neverIndexed, new Set(["authorization"]));
      raw.encoder.setTableLimit(tableSizes[index]!);
      await raw.sendHeaders(event.stream, answerOf(index), new Set(), true);
    }
    // Until curl has it all, and closes.
    if (index === tableSizes.length) assert.equal(await raw.next(), null);
  }
  return connections;
}
