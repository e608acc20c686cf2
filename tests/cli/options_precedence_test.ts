// Default, then config.yaml, then the command line; and the Settings that come of it.

import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { parseConfig } from "../../lib/cli/config_file.ts";
import { optionValues } from "../../lib/cli/option_values.ts";
import type { OptionValues } from "../../lib/cli/options_table.ts";
import { loadOptions } from "../../lib/cli/settings_from_options.ts";
import { UsageError } from "../../lib/cli/usage_error.ts";
import { makeAuthorityPem } from "../../lib/tls/authority_material.ts";
import { assignmentsOf, settled, withFolder } from "./option_helpers.ts";

async function both(config: string, words: string[]): Promise<OptionValues> {
  const configured = settled(await parseConfig(config, "config.yaml"));
  return settled(optionValues(configured, assignmentsOf(words)));
}

Deno.test("the command line is stronger than config.yaml, which is stronger than the default", async () => {
  const config = "listen_port: 1\nidle_timeout: 5\nquiet: true\n";
  const values = await both(config, ["-p", "2", "--set", "quiet=false"]);
  assert.equal(values.listen_port, 2);
  assert.equal(values.idle_timeout, 5000);
  assert.equal(values.quiet, false);
  assert.equal(values.detail, 1);
});

Deno.test("a list on the command line takes the place of the list in config.yaml", async () => {
  const config = "tcp_hosts: [a, b]\ninsecure: true\n";
  assert.deepEqual((await both(config, [])).tcp_hosts, [/a/i, /b/i]);
  assert.deepEqual((await both(config, ["--tcp", "c", "--tcp", "d"])).tcp_hosts, [/c/i, /d/i]);
  assert.deepEqual((await both(config, ["--set", "tcp_hosts="])).tcp_hosts, []);
  assert.deepEqual((await both(config, ["-k", "c"])).insecure, [/c/i]);
  assert.deepEqual((await both(config, ["--set", "insecure=false"])).insecure, []);
});

Deno.test("a contradiction between two sources is settled by the stronger", async () => {
  const loud = await both("quiet: true", ["-v"]);
  assert.deepEqual([loud.quiet, loud.verbose], [false, true]);
  const silent = await both("verbose: true", ["-q"]);
  assert.deepEqual([silent.quiet, silent.verbose], [true, false]);
});

Deno.test("options to settings: bytes, milliseconds, files read", () =>
  withFolder(async (folder) => {
    const { certificate } = await authorityPem();
    await Deno.writeTextFile(join(folder, "ca.pem"), certificate);
    await Deno.writeTextFile(join(folder, "config.yaml"), "upstream_ca: [ca.pem]\nhead_timeout: 5\n");
    const words = ["--confdir", folder, "-p", "0", "--body-size-limit", "2k", "--client-cert", folder, "-k"];
    const { settings, values, configFolder, authorityFile } = settled(
      await loadOptions(assignmentsOf([...words, "--ca", "x.pem"])),
    );
    assert.deepEqual(settings.upstreamCa, [certificate]);
    assert.equal(settings.headTimeout, 5000);
    assert.equal(settings.listenPort, 0);
    assert.equal(settings.bodySizeLimit, 2048);
    assert.equal(settings.clientCertificate, folder);
    assert.equal(settings.insecure, true);
    assert.equal(configFolder, folder);
    assert.equal(authorityFile, resolve("x.pem"));
    assert.equal(values.confdir, folder);
  }));

Deno.test("every option but the program's own is in the settings", async () => {
  await withFolder(async (folder) => {
    const { settings } = settled(await loadOptions(assignmentsOf(["--confdir", folder])));
    assert.deepEqual(settings, {
      mode: { kind: "regular" },
      listenHost: "127.0.0.1",
      listenPort: 8080,
      tcpHosts: [],
      ignoreHosts: [],
      allowHosts: [],
      h2cHosts: [],
      resolve: [],
      insecure: [],
      upstreamCa: [],
      clientCertificate: null,
      passthroughOnReject: false,
      lenient: false,
      http2: true,
      http2Priority: false,
      keepHostHeader: false,
      bodySizeLimit: null,
      captureLimit: 1024 * 1024,
      flowBudget: 128 * 1024 * 1024,
      flowLimit: 50_000,
      connectTimeout: 10_000,
      tlsTimeout: 10_000,
      headTimeout: 30_000,
      idleTimeout: 120_000,
      stallTimeout: 600_000,
      http2PingKeepalive: 58_000,
      connectionLimit: 4096,
    });
  });
});

const files: { name: string; flag: string; file: (folder: string) => Promise<string>; says: RegExp }[] = [
  {
    name: "a CA file that is missing",
    flag: "--upstream-ca",
    file: (folder) => Promise.resolve(join(folder, "none.pem")),
    says: /none\.pem: no such file/,
  },
  {
    name: "a CA file that is a folder",
    flag: "--upstream-ca",
    file: (folder) => Promise.resolve(folder),
    says: /folder|directory/i,
  },
  {
    name: "a CA file that is not PEM",
    flag: "--upstream-ca",
    file: (folder) => written(folder, "hello"),
    says: /not a PEM file/,
  },
  {
    name: "a CA file with a damaged certificate",
    flag: "--upstream-ca",
    file: (folder) => written(folder, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    says: /damaged/,
  },
  {
    name: "a CA file that is cut off",
    flag: "--upstream-ca",
    file: (folder) => written(folder, "-----BEGIN CERTIFICATE-----\nAAAA\n"),
    says: /has no end/,
  },
  {
    name: "a client certificate that is missing",
    flag: "--client-cert",
    file: (folder) => Promise.resolve(join(folder, "none.pem")),
    says: /none\.pem: no such file/,
  },
  {
    name: "a client certificate without a key",
    flag: "--client-cert",
    file: async (folder) => written(folder, (await authorityPem()).certificate),
    says: /no private key/,
  },
];

for (const { name, flag, file, says } of files) {
  Deno.test(`files: ${name}`, () =>
    withFolder(async (folder) => {
      const path = await file(folder);
      const error = await loadOptions(assignmentsOf(["--confdir", folder, flag, path]));
      assert(error instanceof UsageError);
      assert.equal(error.exitCode, 1);
      assert.match(error.line, /^mitm: [^\n]+\n$/);
      assert(error.message.startsWith(`${flag}: `), error.message);
      assert.match(error.message, says);
    }));
}

Deno.test("files: a client certificate with its key, in one file", () =>
  withFolder(async (folder) => {
    const { whole } = await authorityPem();
    const path = await written(folder, whole);
    const words = ["--confdir", folder, "--client-cert", path];
    assert.equal(settled(await loadOptions(assignmentsOf(words))).settings.clientCertificate, path);
  }));

/** Key and certificate, and the certificate alone. */
async function authorityPem(): Promise<{ whole: string; certificate: string }> {
  const whole = await makeAuthorityPem(Date.now());
  return { whole, certificate: whole.slice(whole.indexOf("-----BEGIN CERTIFICATE-----")) };
}

async function written(folder: string, text: string): Promise<string> {
  const path = join(folder, "file.pem");
  await Deno.writeTextFile(path, text);
  return path;
}
