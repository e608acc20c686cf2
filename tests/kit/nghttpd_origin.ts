// nghttpd as an independent origin that speaks nothing but HTTP/2: over TLS or in the clear, told what to serve and
// what to push, its own log of frames at hand; ended by its pid.

import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { peer } from "./peers.ts";
import { testOriginAuthority } from "./proxy_fixture.ts";

export interface NghttpdOptions {
  scheme: "http" | "https";
  /** Files under its root: path and content. */
  files?: Readonly<Record<string, Uint8Array>>;
  /** More of its options, such as "--trailer=x-sum: abc", "--push=/page=/style", "--echo-upload". */
  args?: readonly string[];
}

export interface NghttpdOrigin extends AsyncDisposable {
  /** On 127.0.0.1, with a certificate for localhost and 127.0.0.1 by the test authority. */
  port: number;
  /** Every frame it received and sent, in its words. */
  log(): string;
  /** Waits until its log matches; rejects after 5 s. */
  until(pattern: RegExp): Promise<string>;
}

/** It cannot say which free port it got, so it is told one; another program may take it first. */
const ATTEMPTS = 5;
/** How long it may take to listen, and until a wanted line comes, in milliseconds. */
const WAIT = 5_000;

export async function startNghttpd(options: NghttpdOptions): Promise<NghttpdOrigin> {
  const folder = await Deno.makeTempDir({ prefix: "mitm-nghttpd-" });
  try {
    const leaf = await (await testOriginAuthority()).leafFor({
      host: "localhost",
      extraNames: ["127.0.0.1"],
    });
    await Deno.writeTextFile(`${folder}/certificate.pem`, leaf.certificatePem);
    await Deno.writeTextFile(`${folder}/key.pem`, leaf.keyPem);
    await Deno.mkdir(`${folder}/files`);
    for (const [path, content] of Object.entries(options.files ?? {})) {
      await Deno.writeFile(`${folder}/files/${path}`, content);
    }
    for (let attempt = 1;; attempt++) {
      const started = await start(folder, freePort(), options);
      if (typeof started !== "string") return started;
      if (attempt === ATTEMPTS) throw new Error(`nghttpd: ${started}`);
    }
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/** A running one; or what it said before it gave up. */
async function start(folder: string, port: number, options: NghttpdOptions): Promise<NghttpdOrigin | string> {
  const program = peer("nghttpd");
  if (program === null) throw new Error("nghttpd is not installed: use peerTest");
  const child = new Deno.Command(program, {
    args: [
      "--verbose",
      "--address=127.0.0.1",
      `--htdocs=${folder}/files`,
      ...options.args ?? [],
      String(port),
      ...options.scheme === "http" ? ["--no-tls"] : [`${folder}/key.pem`, `${folder}/certificate.pem`],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let said = "";
  let changed = Promise.withResolvers<void>();
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    for await (const piece of stream) {
      said += latin1Decode(piece);
      changed.resolve();
      changed = Promise.withResolvers();
    }
  };
  const output = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const until = async (pattern: RegExp): Promise<string> => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`nghttpd did not say ${pattern}: ${said}`)), WAIT);
    try {
      while (!pattern.test(said)) await Promise.race([changed.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
    return said;
  };
  const up = await Promise.race([until(/: listen 127\.0\.0\.1/), child.status.then(() => null)]);
  if (up === null) {
    await output;
    return said;
  }
  return {
    port,
    log: () => said,
    until,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await output;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
