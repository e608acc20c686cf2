// nginx as an independent origin: plain and TLS, in the foreground, configured by the test, ended by its pid.

import { testOriginAuthority } from "./proxy_fixture.ts";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { peer } from "./peers.ts";

export interface NginxOptions {
  /** Files under its root: path and content. */
  files?: Readonly<Record<string, Uint8Array>>;
  /** As nginx spells them; both that are in use when not given. */
  tlsVersions?: "TLSv1.2" | "TLSv1.3";
  /** Offers h2 over TLS; its plain port then speaks HTTP/2 by prior knowledge, and nothing else. */
  http2?: boolean;
  /** More directives of the server block. */
  server?: string;
}

export interface NginxOrigin extends AsyncDisposable {
  /** On 127.0.0.1. */
  port: number;
  /** TLS, with a certificate for localhost and 127.0.0.1 by the test authority. */
  tlsPort: number;
  /** What it logged, from "warn" on. */
  errors(): string;
}

/** When all files were last modified: Wed, 01 Jan 2020 00:00:00 GMT, in seconds. */
const FILE_TIME = Date.UTC(2020, 0, 1) / 1000;
/** nginx cannot say which free port it got, so it is told one; another program may take it first. */
const ATTEMPTS = 5;
/** How long nginx may take to listen, in milliseconds. */
const START_LIMIT = 5_000;

export async function startNginx(options: NginxOptions = {}): Promise<NginxOrigin> {
  const program = peer("nginx");
  if (program === null) throw new Error("nginx is not installed: use peerTest");
  const folder = await Deno.makeTempDir({ prefix: "mitm-nginx-" });
  try {
    await writeFiles(folder, options);
    for (let attempt = 1;; attempt++) {
      const [port, tlsPort] = freePorts();
      await Deno.writeTextFile(`${folder}/nginx.conf`, configuration(folder, port, tlsPort, options));
      const started = await start(program, folder);
      if (typeof started !== "string") return { port, tlsPort, ...started };
      if (attempt === ATTEMPTS || !started.includes("bind()")) throw new Error(`nginx: ${started}`);
    }
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/** A running nginx; or what it said before it gave up. */
async function start(
  program: string,
  folder: string,
): Promise<Pick<NginxOrigin, "errors" | typeof Symbol.asyncDispose> | string> {
  const child = new Deno.Command(program, {
    args: ["-p", folder, "-c", `${folder}/nginx.conf`, "-e", "stderr"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "";
  const listening = Promise.withResolvers<void>();
  const output = (async () => {
    for await (const piece of child.stderr) {
      said += latin1Decode(piece);
      // Said once all sockets listen.
      if (said.includes("event method")) listening.resolve();
    }
  })();
  const limit = setTimeout(() => child.kill("SIGKILL"), START_LIMIT);
  const up = await Promise.race([listening.promise.then(() => true), child.status.then(() => false)]);
  clearTimeout(limit);
  if (!up) {
    await output;
    return said;
  }
  return {
    errors: () =>
      said.split("\n").filter((line) => /\[(warn|error|crit|alert|emerg)\]/.test(line)).join("\n"),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await output;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function writeFiles(folder: string, options: NginxOptions): Promise<void> {
  const authority = await testOriginAuthority();
  const leaf = await authority.leafFor({ host: "localhost", extraNames: ["127.0.0.1"] });
  await Deno.writeTextFile(`${folder}/certificate.pem`, leaf.certificatePem);
  await Deno.writeTextFile(`${folder}/key.pem`, leaf.keyPem);
  await Deno.mkdir(`${folder}/files`);
  await Deno.mkdir(`${folder}/temp`);
  for (const [path, content] of Object.entries(options.files ?? {})) {
    await Deno.writeFile(`${folder}/files/${path}`, content);
    // Last-Modified and ETag come from it.
    await Deno.utime(`${folder}/files/${path}`, FILE_TIME, FILE_TIME);
  }
}

function freePorts(): [number, number] {
  const listeners = [0, 1].map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return [ports[0]!, ports[1]!];
}

function configuration(folder: string, port: number, tlsPort: number, options: NginxOptions): string {
  const http2 = options.http2 === true ? " http2" : "";
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${folder}/temp/${name};`).join("\n");
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr notice;
events { worker_connections 512; }
http {
  access_log off;
${temp}
  default_type application/octet-stream;
  types { text/html html; text/plain txt; text/css css; }
  sendfile on;
  tcp_nodelay on;
  keepalive_timeout 30s;
  server {
    listen 127.0.0.1:${port}${http2} backlog=512;
    listen 127.0.0.1:${tlsPort} ssl${http2} backlog=512;
    server_name localhost;
    ssl_certificate ${folder}/certificate.pem;
    ssl_certificate_key ${folder}/key.pem;
    ssl_protocols ${options.tlsVersions ?? "TLSv1.2 TLSv1.3"};
    root ${folder}/files;
${options.server ?? ""}
  }
}
`;
}
