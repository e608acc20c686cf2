// What an origin's certificate is verified against, and what we show an origin that asks for one.
// Deno parses a context's own root list for every connection (8 ms for the system's 144 roots, against 0.5 ms for
// the process-wide default list), so the roots are set once, process-wide.

import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import tls from "node:tls";
import { pemFault } from "../tls/pem_fault.ts";
import { NarrowTrust } from "./narrow_trust.ts";

/** Certificates whose files were read; more hosts than this re-read them. */
const CONTEXT_LIMIT = 256;

export class UpstreamTrust {
  readonly #clientCertificate: string | null;
  readonly #isFolder: boolean;
  readonly #narrow = new NarrowTrust(trustedRoots);
  /** All roots. */
  readonly #plain: tls.SecureContext;
  readonly #contexts = new Map<string, tls.SecureContext>();

  /** `clientCertificate`: a PEM file with certificate and key, or a folder of HOST.pem. Throws when it cannot be read. */
  constructor(clientCertificate: string | null) {
    this.#clientCertificate = clientCertificate;
    this.#isFolder = clientCertificate !== null && statSync(clientCertificate).isDirectory();
    this.#plain = tls.createSecureContext({});
  }

  /**
   * The context for a connection to `host`; with --insecure too, whose records say what would not have been accepted.
   * Rejects when its client certificate cannot be read.
   */
  contextFor(host: string): tls.SecureContext | Promise<tls.SecureContext> {
    if (this.#clientCertificate === null) return this.#narrow.contextFor(host) ?? this.#plain;
    const file = this.#isFolder
      ? join(this.#clientCertificate, `${safeName(host)}.pem`)
      : this.#clientCertificate;
    return this.#contexts.get(file) ?? this.#load(file);
  }

  /** A handshake with `host` was verified: the next one needs its root only. */
  verified(host: string, session: tls.TLSSocket): void {
    if (this.#clientCertificate === null) this.#narrow.learn(host, session);
  }

  /** A handshake with `host` failed verification. True: only the remembered root was tried; try again with all. */
  failed(host: string): boolean {
    return this.#narrow.forget(host);
  }

  async #load(file: string): Promise<tls.SecureContext> {
    let pem: string;
    try {
      pem = await readFile(file, "utf8");
    } catch (error) {
      // A folder holds certificates for some hosts only.
      if (this.#isFolder && Reflect.get(Object(error), "code") === "ENOENT") return this.#plain;
      throw new Error(`cannot read the client certificate ${file}`);
    }
    const fault = pemFault(pem, ["CERTIFICATE", "PRIVATE KEY"]);
    if (fault !== null) throw new Error(`cannot use the client certificate ${file}: ${fault}`);
    const context = tls.createSecureContext({ cert: pem, key: pem });
    if (this.#contexts.size >= CONTEXT_LIMIT) this.#contexts.clear();
    this.#contexts.set(file, context);
    return context;
  }
}

let added: string[] = [];
let system: string[] | null = null;

/** Adds PEM texts to the roots of this process, beside the system's. */
export function addTrustedRoots(pemTexts: readonly string[]): void {
  const fresh = pemTexts.filter((pem) => !added.includes(pem));
  if (fresh.length === 0 && added.length > 0) return;
  added = [...added, ...fresh];
  // Newer than the type declarations: Node 24.5.
  const setDefaults: unknown = Reflect.get(tls, "setDefaultCACertificates");
  if (typeof setDefaults === "function") setDefaults(trustedRoots());
}

/** The system's own roots; Deno's list where the system has none (a bare container). Each root costs per connection. */
function systemRoots(): string[] {
  if (system !== null) return system;
  const found = tls.getCACertificates("system");
  // The platform reads SSL_CERT_FILE instead of the system's roots; a person who names one CA means it in addition.
  const named = process.env.SSL_CERT_FILE !== undefined || process.env.SSL_CERT_DIR !== undefined;
  if (found.length > 0 && !named) return system = found;
  return system = [...found, ...tls.getCACertificates("bundled")];
}

/** Everything an origin may be verified against, PEM. */
function trustedRoots(): string[] {
  return [...systemRoots(), ...added];
}

/** A host name as a file name: nothing that could leave the folder. */
function safeName(host: string): string {
  return host.toLowerCase().replaceAll(/[^a-z0-9._-]/g, "_").replace(/^\.+/, "_");
}
