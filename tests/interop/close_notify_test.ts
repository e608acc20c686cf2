// How a body ends that only the end of the connection ends (RFC 9112, 9.8; RFC 8446, 6.1): with close_notify or
// without, the client is shown what it would see directly. openssl is the client: curl forgives what it notices.

import assert from "node:assert/strict";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import type { OriginConnection } from "../kit/origins.ts";
import { peer, peerTest } from "../kit/peers.ts";
import { type ProxyFixture, startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { generatedArray } from "./generated_bytes.ts";
import { ScriptedOrigin } from "./scripted_origin.ts";

const BODY = generatedArray(300_000);
const HEAD = "HTTP/1.1 200 OK\r\nX-Framing: close\r\n\r\n";

const endings: { name: string; unclean: boolean; end: (connection: OriginConnection) => void }[] = [
  { name: "with close_notify", unclean: false, end: ({ socket }) => void socket.end(BODY) },
  {
    name: "without close_notify",
    unclean: true,
    end: ({ socket }) => void socket.write(BODY, () => socket.destroy()),
  },
];

for (const { name, unclean, end } of endings) {
  peerTest(["openssl"], `a close-delimited body ${name}: openssl sees the same end as directly`, async () => {
    await using origin = await ScriptedOrigin.start("https");
    await using regular = await startProxy();
    await using reverse = await startProxy({
      mode: { kind: "reverse", scheme: "https", host: "localhost", port: origin.port },
    });
    origin.script = async (connection) => {
      await connection.until("\r\n\r\n");
      connection.send(HEAD);
      end(connection);
    };
    const ways: { connect: number; args: string[]; ca: string; proxy: ProxyFixture | null }[] = [
      { connect: origin.port, args: [], ca: (await testOriginAuthority()).certificatePem, proxy: null },
      {
        connect: origin.port,
        args: ["-proxy", `127.0.0.1:${regular.port}`],
        ca: regular.authority.certificatePem,
        proxy: regular,
      },
      { connect: reverse.port, args: [], ca: reverse.authority.certificatePem, proxy: reverse },
    ];
    for (const { connect, args, ca, proxy } of ways) {
      const result = await sClient(
        connect,
        ca,
        args,
        `GET / HTTP/1.1\r\nHost: localhost:${origin.port}\r\n\r\n`,
      );
      assert.ok(result.output === HEAD + latin1Decode(BODY), "head and body");
      assert.equal(/unexpected eof while reading/.test(result.messages), unclean, result.messages);
      assert.equal(result.code, unclean ? 1 : 0, result.messages);
      const flow = await proxy?.http();
      if (flow === undefined) continue;
      assert.equal(flow.error, null);
      assert.deepEqual([flow.response?.head.framing, flow.response?.body.length], ["close", BODY.length]);
      assert.equal(flow.notes.some((note) => note.includes("without close_notify")), unclean);
    }
  });
}

async function sClient(port: number, ca: string, args: string[], request: string) {
  const caFile = await Deno.makeTempFile({ prefix: "mitm-ca-", suffix: ".pem" });
  try {
    await Deno.writeTextFile(caFile, ca);
    const child = new Deno.Command(peer("openssl")!, {
      args: [
        "s_client",
        "-quiet",
        "-ign_eof",
        "-verify_return_error",
        "-CAfile",
        caFile,
        "-servername",
        "localhost",
        "-verify_hostname",
        "localhost",
        "-connect",
        `localhost:${port}`,
        ...args,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(request));
    const { code, stdout, stderr } = await child.output();
    // It has read nothing more; the pipe may be broken already.
    await writer.close().catch(() => {});
    return { code, output: latin1Decode(stdout), messages: latin1Decode(stderr) };
  } finally {
    await Deno.remove(caFile);
  }
}
