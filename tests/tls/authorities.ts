// Authorities for tests, from material of our own or of openssl's making.

import { makeAuthorityPem, readAuthorityPem } from "../../lib/tls/authority_material.ts";
import { type AuthorityOptions, CertificateAuthority } from "../../lib/tls/certificate_authority.ts";
import { run } from "./command_line.ts";

export async function newAuthority(options: AuthorityOptions = {}): Promise<CertificateAuthority> {
  const now = (options.now ?? Date.now)();
  const material = await readAuthorityPem(await makeAuthorityPem(now), "test", "none", now);
  return CertificateAuthority.create(material, options);
}

/** As `openssl genpkey` and `openssl genrsa` take them. */
export const KEY_COMMANDS = {
  "RSA PRIVATE KEY": ["genrsa", "-traditional", "2048"],
  "RSA in PKCS#8": ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  "EC PRIVATE KEY": ["ecparam", "-name", "prime256v1", "-genkey", "-noout"],
  "EC PRIVATE KEY with EC PARAMETERS": ["ecparam", "-name", "prime256v1", "-genkey"],
  "P-256 in PKCS#8": ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "P-384": ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  "P-521": ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
} as const;

export type KeyKind = keyof typeof KEY_COMMANDS;

const CA_EXTENSIONS = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];

export interface RequestedCertificate {
  subject?: string;
  days?: number;
  extensions?: readonly string[];
}

/** A key and a self-signed certificate for it by openssl, as PEM. */
export async function opensslAuthority(
  folder: string,
  kind: KeyKind = "P-256 in PKCS#8",
  requested: RequestedCertificate = {},
): Promise<{ key: string; certificate: string }> {
  const key = await run("openssl", KEY_COMMANDS[kind]);
  return { key, certificate: await opensslCertificate(folder, key, requested) };
}

/** A self-signed certificate for a key. */
export async function opensslCertificate(
  folder: string,
  key: string,
  { subject = "/O=mitmproxy/CN=mitmproxy", days = 30, extensions = CA_EXTENSIONS }: RequestedCertificate = {},
): Promise<string> {
  const keyPath = `${folder}/${crypto.randomUUID()}.key`;
  const configPath = `${folder}/${crypto.randomUUID()}.cnf`;
  await Deno.writeTextFile(keyPath, key);
  await Deno.writeTextFile(configPath, "[req]\ndistinguished_name=dn\n[dn]\n");
  return run("openssl", [
    "req",
    ...[
      "-config",
      configPath,
      "-x509",
      "-new",
      "-utf8",
      "-key",
      keyPath,
      "-subj",
      subject,
      "-days",
      String(days),
    ],
    ...extensions.flatMap((extension) => ["-addext", extension]),
  ]);
}

/** A CA certificate for a key, signed by another authority. */
export async function opensslIssued(
  folder: string,
  key: string,
  subject: string,
  issuer: { key: string; certificate: string },
): Promise<string> {
  const file = (name: string) => `${folder}/issue-${name}`;
  await Deno.writeTextFile(
    file("config"),
    "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\n",
  );
  await Deno.writeTextFile(file("key"), key);
  await Deno.writeTextFile(file("ca"), issuer.certificate);
  await Deno.writeTextFile(file("ca-key"), issuer.key);
  const request = [
    "-config",
    file("config"),
    "-new",
    "-key",
    file("key"),
    "-subj",
    subject,
    "-out",
    file("request"),
  ];
  await run("openssl", ["req", ...request]);
  const signing = [
    "-req",
    "-in",
    file("request"),
    "-CA",
    file("ca"),
    "-CAkey",
    file("ca-key"),
    "-set_serial",
    "7",
  ];
  return run("openssl", ["x509", ...signing, "-days", "9", "-extfile", file("config"), "-extensions", "ca"]);
}
