// openssl as client and as origin of the running program: versions, names, and what the log says when it fails.

import assert from "node:assert/strict";
import { startRawOrigin } from "../kit/origins.ts";
import { peerTest } from "../kit/peers.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";
import { sayHello } from "../proxy/tls_origins.ts";
import { openssl, OpensslServer } from "./openssl.ts";
import { Program } from "./program.ts";

const HOST = "example.com";
const REQUEST = `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;

function client(program: Program, args: readonly string[]): string[] {
  return ["s_client", "-proxy", `127.0.0.1:${program.port}`, "-connect", `${HOST}:443`, "-ign_eof", ...args];
}

function resolve(port: number): string[] {
  return ["--resolve", `${HOST}:443:127.0.0.1:${port}`];
}

async function pemFile(): Promise<string> {
  const { certificatePem, keyPem } = await (await testOriginAuthority()).leafFor({
    host: HOST,
    extraNames: [],
  });
  const file = await Deno.makeTempFile({ prefix: "mitm-origin-", suffix: ".pem" });
  await Deno.writeTextFile(file, keyPem + certificatePem);
  return file;
}

for (const clientVersion of ["1_2", "1_3"]) {
  for (const originVersion of ["1_2", "1_3"]) {
    peerTest(["openssl"], `openssl: client TLS ${clientVersion}, origin TLS ${originVersion}`, async () => {
      const file = await pemFile();
      try {
        await using origin = await OpensslServer.start(file, [`-tls${originVersion}`]);
        await using program = await Program.start(resolve(origin.port));
        const { code, stdout } = await openssl(
          client(program, [
            `-tls${clientVersion}`,
            "-servername",
            HOST,
            "-CAfile",
            program.caFile,
            "-verify_return_error",
            "-verify_hostname",
            HOST,
          ]),
          REQUEST,
        );
        assert.equal(code, 0, stdout);
        assert.match(stdout, /Verify return code: 0 \(ok\)/);
        assert.match(
          stdout,
          new RegExp(
            `Protocol *: TLSv${clientVersion.replace("_", ".")}|TLSv${
              clientVersion.replace("_", ".")
            }, Cipher`,
          ),
        );
        assert.match(stdout, /HTTP\/1\.[01] 200 ok/);
        assert.match(
          stdout,
          new RegExp(`Protocol *: TLSv${originVersion.replace("_", ".")}`),
          "what the origin saw",
        );
        await program.until(/https:\/\/example\.com\/.* 200/);
      } finally {
        await Deno.remove(file);
      }
    });
  }
}

peerTest(["openssl"], "openssl: no server name, and an address", async () => {
  await using origin = await startRawOrigin({ tls: { names: ["127.0.0.1"] }, onConnection: sayHello });
  await using program = await Program.start();
  const { code, stdout } = await openssl([
    "s_client",
    "-proxy",
    `127.0.0.1:${program.port}`,
    "-connect",
    `127.0.0.1:${origin.port}`,
    "-noservername",
    "-CAfile",
    program.caFile,
    "-verify_return_error",
    "-verify_ip",
    "127.0.0.1",
    "-brief",
  ]);
  assert.equal(code, 0, stdout);
});

peerTest(
  ["openssl"],
  "openssl: a client that does not trust the CA: the log says so, with the cure",
  async () => {
    await using origin = await startRawOrigin({ tls: { names: [HOST] }, onConnection: sayHello });
    await using program = await Program.start(resolve(origin.port));
    const { code, stderr } = await openssl(
      client(program, ["-servername", HOST, "-verify_return_error", "-no-CAfile", "-no-CApath"]),
    );
    assert.notEqual(code, 0);
    assert.match(stderr, /verify error|certificate verify failed/);
    const text = await program.until(/does not trust/);
    assert.match(
      text,
      /warning: the client does not trust mitm's certificate for example\.com:443 \([^\n]*\); let it trust the CA \(http:\/\/mitm\.it\/ [^\n]*--ignore\n/,
    );
  },
);

for (const [flag, name] of [["-tls1", "TLS 1.0"], ["-tls1_1", "TLS 1.1"]] as const) {
  peerTest(
    ["openssl"],
    `openssl: a client that speaks ${name} fails, and the log names what it offered`,
    async () => {
      await using origin = await startRawOrigin({ tls: { names: [HOST] }, onConnection: sayHello });
      await using program = await Program.start(resolve(origin.port));
      const { code, stderr, stdout } = await openssl(
        client(program, [flag, "-servername", HOST, "-cipher", "ALL:@SECLEVEL=0"]),
      );
      assert.notEqual(code, 0);
      assert.match(stderr + stdout, /alert|handshake|unexpected eof/i);
      const text = await program.until(/TLS with the client failed/);
      assert.match(text, new RegExp(`the client offers ${name}; mitm speaks TLS 1\\.2 and 1\\.3`));
    },
  );
}

peerTest(["openssl"], "openssl: an origin that speaks TLS 1.1 at most is a 502 that says so", async () => {
  const file = await pemFile();
  try {
    await using origin = await OpensslServer.start(file, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    await using program = await Program.start(resolve(origin.port));
    const { stdout } = await openssl(
      client(program, ["-servername", HOST, "-CAfile", program.caFile]),
      REQUEST,
    );
    assert.match(stdout, /HTTP\/1\.1 502 /);
    assert.match(stdout, /TLS with example\.com:443 failed/);
  } finally {
    await Deno.remove(file);
  }
});
