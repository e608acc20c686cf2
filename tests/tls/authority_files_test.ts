import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { AuthorityError, type AuthorityErrorCode } from "../../lib/tls/authority_error.ts";
import { loadAuthority, loadOrCreateAuthority } from "../../lib/tls/authority_files.ts";
import { makeAuthorityPem } from "../../lib/tls/authority_material.ts";
import { opensslAuthority } from "./authorities.ts";
import { inFolder, opensslMissing } from "./command_line.ts";

const CA = "mitm-ca.pem";
const CERTIFICATE_PEM = "mitm-ca-cert.pem";
const CERTIFICATE_DER = "mitm-ca-cert.cer";

const noModes = Deno.build.os === "windows";
/** Permission bits do not stop root. */
const noPermissions = noModes || Deno.uid() === 0;

async function modeOf(path: string): Promise<string> {
  return ((await Deno.stat(path)).mode ?? 0).toString(8).slice(-3);
}

/** Every file of a folder with its bytes. */
async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isFile) found[entry.name] = (await Deno.readFile(join(folder, entry.name))).toHex();
  }
  return found;
}

async function refused(
  action: Promise<unknown>,
  code: AuthorityErrorCode,
  path: string,
  message: RegExp,
): Promise<void> {
  await assert.rejects(action, (error) => {
    assert(error instanceof AuthorityError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.path, path);
    assert(error.message.startsWith(`${path}: `), error.message);
    assert.match(error.message, message);
    assert(!/[\r\n]/.test(error.message), error.message);
    return true;
  });
}

Deno.test("first start: folder, key and certificates are made, the second start loads them", async () => {
  await inFolder(async (parent) => {
    const folder = join(parent, "a", "config");
    const first = await loadOrCreateAuthority(folder);
    assert.equal(first.created, true);
    assert.deepEqual(first.warnings, []);
    assert.equal(first.certificatePath, join(folder, CERTIFICATE_PEM));
    const files = await contents(folder);
    assert.deepEqual(Object.keys(files).sort(), [CERTIFICATE_DER, CERTIFICATE_PEM, CA].sort());

    const text = await Deno.readTextFile(join(folder, CA));
    assert.match(
      text,
      /^-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n/,
    );
    const pem = await Deno.readTextFile(join(folder, CERTIFICATE_PEM));
    assert.equal(pem, first.authority.certificatePem);
    assert(text.endsWith(pem));
    assert.deepEqual(await Deno.readFile(join(folder, CERTIFICATE_DER)), first.authority.certificateDer);
    const certificate = new X509Certificate(pem);
    assert(certificate.checkPrivateKey(createPrivateKey(text.slice(0, text.length - pem.length))));
    assert.equal(certificate.fingerprint256, first.authority.facts.fingerprint);

    const second = await loadOrCreateAuthority(folder);
    assert.equal(second.created, false);
    assert.deepEqual(second.warnings, []);
    assert.equal(second.authority.certificatePem, first.authority.certificatePem);
    assert.deepEqual(await contents(folder), files);
  });
});

Deno.test({
  name: "permissions: folder 0700, key 0600, certificates for everybody",
  ignore: noModes,
  fn: () =>
    inFolder(async (parent) => {
      const folder = join(parent, "config");
      await loadOrCreateAuthority(folder);
      assert.equal(await modeOf(folder), "700");
      assert.equal(await modeOf(join(folder, CA)), "600");
      assert.equal(await modeOf(join(folder, CERTIFICATE_PEM)), "644");
      assert.equal(await modeOf(join(folder, CERTIFICATE_DER)), "644");
    }),
});

Deno.test({
  name: "a key that others may read is closed to them, and said",
  ignore: noModes,
  fn: () =>
    inFolder(async (parent) => {
      const folder = join(parent, "config");
      await loadOrCreateAuthority(folder);
      await Deno.chmod(join(folder, CA), 0o644);
      const { warnings } = await loadOrCreateAuthority(folder);
      assert.equal(warnings.length, 1);
      assert.match(
        warnings[0] ?? "",
        /mitm-ca\.pem: the CA's private key was open to others \(mode 644\); it is 600 now$/,
      );
      assert.equal(await modeOf(join(folder, CA)), "600");
      assert.deepEqual((await loadOrCreateAuthority(folder)).warnings, []);
    }),
});

Deno.test({
  name: "a folder that others may write in is said and left as it is",
  ignore: noModes,
  fn: () =>
    inFolder(async (parent) => {
      const folder = join(parent, "config");
      await Deno.mkdir(folder);
      await Deno.chmod(folder, 0o770);
      const { warnings } = await loadOrCreateAuthority(folder);
      assert.equal(warnings.length, 1);
      assert.match(
        warnings[0] ?? "",
        /config: others may write in the folder of the CA; close it with chmod 700$/,
      );
      assert.equal(await modeOf(folder), "770");
    }),
});

Deno.test("several starts at once on an empty folder end with one authority", async () => {
  await inFolder(async (parent) => {
    const folder = join(parent, "config");
    const loaded = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateAuthority(folder)));
    assert.equal(loaded.filter(({ created }) => created).length, 1);
    const pem = await Deno.readTextFile(join(folder, CERTIFICATE_PEM));
    for (const { authority, warnings } of loaded) {
      assert.equal(authority.certificatePem, pem);
      assert.deepEqual(warnings, []);
    }
    assert.deepEqual(
      Object.keys(await contents(folder)).sort(),
      [CERTIFICATE_DER, CERTIFICATE_PEM, CA].sort(),
    );
  });
});

Deno.test("several processes at once on an empty folder end with one authority", async () => {
  await inFolder(async (parent) => {
    const folder = join(parent, "config");
    const program = `
      import { loadOrCreateAuthority } from ${
      JSON.stringify(import.meta.resolve("../../lib/tls/authority_files.ts"))
    };
      const { authority, created, warnings } = await loadOrCreateAuthority(${JSON.stringify(folder)});
      console.log(JSON.stringify({ fingerprint: authority.facts.fingerprint, created, warnings }));`;
    const path = join(parent, "program.ts");
    await Deno.writeTextFile(path, program);
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const starts = await Promise.all(Array.from({ length: 3 }, async () => {
      const args = ["run", "--no-check", "--no-lock", "--config", config, "-A", path];
      const output = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
      assert(output.success, new TextDecoder().decode(output.stderr));
      return JSON.parse(new TextDecoder().decode(output.stdout));
    }));
    assert.equal(starts.filter(({ created }) => created).length, 1);
    const { facts } = await loadAuthority(join(folder, CA));
    assert.deepEqual(starts.map(({ fingerprint }) => fingerprint), new Array(3).fill(facts.fingerprint));
    assert.deepEqual(starts.flatMap(({ warnings }) => warnings), []);
  });
});

Deno.test("a certificate file that is missing is written again", async () => {
  await inFolder(async (folder) => {
    await loadOrCreateAuthority(folder);
    const files = await contents(folder);
    await Deno.remove(join(folder, CERTIFICATE_PEM));
    await Deno.remove(join(folder, CERTIFICATE_DER));
    assert.deepEqual((await loadOrCreateAuthority(folder)).warnings, []);
    assert.deepEqual(await contents(folder), files);
  });
});

Deno.test("a certificate file that is another CA's is said and left as it is", async () => {
  await inFolder(async (folder) => {
    await loadOrCreateAuthority(folder);
    await Deno.writeTextFile(join(folder, CERTIFICATE_PEM), "mine");
    await Deno.writeTextFile(join(folder, CERTIFICATE_DER), "");
    const files = await contents(folder);
    const { warnings } = await loadOrCreateAuthority(folder);
    assert.equal(warnings.length, 2);
    assert.match(
      warnings[0] ?? "",
      /mitm-ca-cert\.pem: is not the certificate of .*mitm-ca\.pem.*; remove it/,
    );
    assert.match(
      warnings[1] ?? "",
      /mitm-ca-cert\.cer: is not the certificate of .*mitm-ca\.pem.*; remove it/,
    );
    assert.deepEqual(await contents(folder), files);
  });
});

Deno.test("a certificate without its key: no new CA is made behind the user's back", async () => {
  await inFolder(async (folder) => {
    await loadOrCreateAuthority(folder);
    await Deno.remove(join(folder, CA));
    const files = await contents(folder);
    const path = join(folder, CERTIFICATE_PEM);
    await refused(
      loadOrCreateAuthority(folder),
      "stray-certificate",
      path,
      /private key, mitm-ca\.pem, is missing; put that back/,
    );
    assert.deepEqual(await contents(folder), files);
  });
});

Deno.test("a damaged own file is refused, with the cure, and nothing is overwritten", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, CA);
    const whole = await makeAuthorityPem(Date.now());
    const rows: [string, AuthorityErrorCode][] = [
      ["", "not-pem"],
      [whole.slice(0, 100), "damaged"],
      [whole.slice(0, -100), "damaged"],
      [whole.slice(whole.indexOf("-----BEGIN CERTIFICATE")), "no-key"],
      [whole.slice(0, whole.indexOf("-----BEGIN CERTIFICATE")), "no-certificate"],
      [whole + "x".repeat(300 * 1024), "not-pem"],
    ];
    for (const [text, code] of rows) {
      await Deno.writeTextFile(path, text);
      await refused(
        loadOrCreateAuthority(folder),
        code,
        path,
        /restore it, or remove it with mitm-ca-cert\.pem and mitm-ca-cert\.cer/,
      );
      assert.equal(await Deno.readTextFile(path), text);
      assert.deepEqual(Object.keys(await contents(folder)), [CA]);
    }
  });
});

Deno.test("a folder that cannot be made, a name that is taken", async () => {
  await inFolder(async (parent) => {
    const file = join(parent, "file");
    await Deno.writeTextFile(file, "");
    for (const folder of [file, join(file, "config")]) {
      await refused(
        loadOrCreateAuthority(folder),
        "unwritable",
        folder,
        /the folder cannot be made \(.+\); name another config folder/,
      );
    }
    const folder = join(parent, "config");
    await Deno.mkdir(join(folder, CA), { recursive: true });
    await refused(loadOrCreateAuthority(folder), "unreadable", join(folder, CA), /cannot be read \(.+\)/);
  });
});

Deno.test({
  name: "a broken link in the key's place is not followed",
  ignore: noModes,
  fn: () =>
    inFolder(async (folder) => {
      await Deno.symlink(join(folder, "nowhere"), join(folder, CA));
      await refused(loadOrCreateAuthority(folder), "missing", join(folder, CA), /broken link.*; remove it/);
      assert.deepEqual(await contents(folder), {});
    }),
});

// Root is refused nothing: for root, scripts/check_compiled.ts sees it as another user.
if (!noPermissions) {
  Deno.test("no permission to write or read", () =>
    inFolder(async (parent) => {
      const closed = join(parent, "closed");
      const folder = join(parent, "config");
      await Deno.mkdir(closed);
      await loadOrCreateAuthority(folder);
      await Deno.remove(join(folder, CERTIFICATE_PEM));
      await Deno.chmod(closed, 0o500);
      await Deno.chmod(folder, 0o500);
      try {
        await refused(
          loadOrCreateAuthority(closed),
          "unwritable",
          join(closed, CA),
          /cannot be written \(Permission denied\); name another/,
        );
        await refused(
          loadOrCreateAuthority(join(closed, "config")),
          "unwritable",
          join(closed, "config"),
          /cannot be made \(Permission denied\)/,
        );
        assert.deepEqual(await contents(closed), {});

        // The key is there and readable: that is enough to work.
        const { created, warnings } = await loadOrCreateAuthority(folder);
        assert.equal(created, false);
        assert.equal(warnings.length, 1);
        assert.match(warnings[0] ?? "", /mitm-ca-cert\.pem: cannot be written \(Permission denied\)/);
        await Deno.chmod(join(folder, CA), 0o000);
        await refused(
          loadOrCreateAuthority(folder),
          "unreadable",
          join(folder, CA),
          /cannot be read \(Permission denied\); let the user/,
        );
        await refused(
          loadAuthority(join(folder, CA)),
          "unreadable",
          join(folder, CA),
          /cannot be read \(Permission denied\); let the user/,
        );
      } finally {
        await Deno.chmod(folder, 0o700);
        await Deno.chmod(closed, 0o700);
      }
    }));
}

Deno.test("--ca: a file that is missing, a folder, not PEM, without an end", async () => {
  await inFolder(async (folder) => {
    const cure = /; name a PEM file with the CA's certificate and its private key$/;
    await refused(loadAuthority(join(folder, "none.pem")), "missing", join(folder, "none.pem"), cure);
    await refused(loadAuthority(folder), "unreadable", folder, cure);
    const path = join(folder, "line\nbreak.pem");
    await Deno.writeTextFile(path, "hello");
    await assert.rejects(loadAuthority(path), /line\?break\.pem: is not a PEM file; name a PEM file/);
    if (!noModes) {
      await refused(
        loadAuthority("/dev/zero"),
        "not-pem",
        "/dev/zero",
        /is larger than 262144 bytes; name a PEM file/,
      );
    }
  });
});

Deno.test({
  name: "--ca: mitmproxy's own file works and is left as it is (needs openssl)",
  ignore: opensslMissing,
  fn: () =>
    inFolder(async (folder) => {
      // As mitmproxy writes it: RSA 2048 in PKCS#1, then the certificate, with an EKU.
      const { key, certificate } = await opensslAuthority(folder, "RSA PRIVATE KEY", {
        days: 3650,
        extensions: [
          "basicConstraints=critical,CA:TRUE",
          "extendedKeyUsage=serverAuth",
          "keyUsage=critical,keyCertSign,cRLSign",
          "subjectKeyIdentifier=hash",
        ],
      });
      assert.match(key, /BEGIN RSA PRIVATE KEY/);
      const path = join(folder, "mitmproxy-ca.pem");
      await Deno.writeTextFile(path, key + certificate, { mode: 0o644 });
      const files = await contents(folder);
      const authority = await loadAuthority(path);
      assert.equal(authority.facts.subject, "O=mitmproxy, CN=mitmproxy");
      const issuer = new X509Certificate(certificate);
      const leaf = new X509Certificate(
        (await authority.leafFor({ host: "a.example", extraNames: [] })).certificatePem,
      );
      assert(leaf.checkIssued(issuer));
      assert(leaf.verify(issuer.publicKey));
      assert.deepEqual(await contents(folder), files);
      if (!noModes) assert.equal(await modeOf(path), "644");
    }),
});
