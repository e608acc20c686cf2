// nginx in both its parts: the origin everything goes to, and the proxy mitm is compared with; a process for each:
// `master_process off` makes nginx its own single worker, so its process id is the one to look at in /proc.

import { fileURLToPath } from "node:url";
import { freePorts, RunningProgram } from "./bench_process.ts";

/** What the origin has to give; sizes of bodies in bytes. */
export const TINY = { path: "/tiny", size: 2 };
export const KIBIBYTE = { path: "/kib", size: 1024 };
export const MEBIBYTE = { path: "/mib", size: 1024 * 1024 };
/** 100 MB, decimal, as downloads are told. */
export const LONG = { path: "/long", size: 100_000_000 };
export const resources = [TINY, KIBIBYTE, MEBIBYTE, LONG];

/** Certificates of the bench, as files in its folder; nginx reads them by name. */
export const CERTIFICATE_FILE = "leaf.pem";
export const KEY_FILE = "leaf-key.pem";
export const AUTHORITY_FILE = "ca.pem";

/** Its ports. */
export interface Origin {
  process: RunningProgram;
  plain: number;
  tls: number;
  /** TLS, and HTTP/2 for those who offer it. */
  http2: number;
}

/** The ports of nginx as a proxy; what each does is written in docs/bench.md. */
export interface NginxProxy {
  process: RunningProgram;
  plain: number;
  tls: number;
  /** HTTP/2 in, HTTP/1.1 out, which is all nginx can do. */
  http2: number;
  /** nginx as it comes: a new connection upstream each time, resuming TLS sessions, not verifying. */
  newTls: number;
  /** New connections upstream with all that mitm does: full handshakes, certificates verified. */
  newTlsVerified: number;
  /** Passes on what comes after an upgrade, to the origin that echoes. */
  websocket: number;
}

/** `folder` holds the certificate. Where nginx is not installed, `null`, the origin is Deno's own server. */
export async function startOrigin(nginx: string | null, folder: string): Promise<Origin> {
  const [plain = 0, tls = 0, http2 = 0] = freePorts(3);
  if (nginx === null) {
    const script = fileURLToPath(new URL("bench_origin.ts", import.meta.url));
    const args = [
      "run",
      "--quiet",
      "--allow-net",
      "--allow-read",
      script,
      ...[plain, tls, http2].map(String),
    ];
    const process = new RunningProgram("the origin", Deno.execPath(), args, { cwd: folder });
    for (const port of [plain, tls, http2]) await process.listening(port);
    return { process, plain, tls, http2 };
  }
  const locations = `
    location = ${TINY.path} { return 200 "ok"; }
    location = ${KIBIBYTE.path} { return 200 "${"k".repeat(KIBIBYTE.size)}"; }
    location = ${MEBIBYTE.path} { root .; }
    location = ${LONG.path} { root .; }`;
  await Deno.mkdir(`${folder}/origin`);
  for (const { path, size } of [MEBIBYTE, LONG]) {
    await Deno.writeFile(`${folder}/origin${path}`, new Uint8Array(size).fill(0x6d));
  }
  const process = await start(
    nginx,
    folder,
    "origin",
    [plain, tls, http2],
    `
  default_type application/octet-stream;
  server {
    listen 127.0.0.1:${plain};${locations}
  }
  server {
    listen 127.0.0.1:${tls} ssl;${locations}
  }
  server {
    listen 127.0.0.1:${http2} ssl http2;${locations}
  }`,
  );
  return { process, plain, tls, http2 };
}

/** `echo`: the port of the origin that echoes over WebSocket. */
export async function startNginxProxy(
  nginx: string,
  folder: string,
  origin: Origin,
  echo: number,
): Promise<NginxProxy> {
  const [plain = 0, tls = 0, http2 = 0, newTls = 0, newTlsVerified = 0, websocket = 0] = freePorts(6);
  const keepAlive = 'proxy_http_version 1.1; proxy_set_header Connection "";';
  await Deno.mkdir(`${folder}/nginx`);
  const process = await start(
    nginx,
    folder,
    "nginx",
    [plain, tls, http2, newTls, newTlsVerified, websocket],
    `
  upstream plain { server 127.0.0.1:${origin.plain}; keepalive 64; keepalive_requests 1000000000; }
  upstream tls { server 127.0.0.1:${origin.tls}; keepalive 64; keepalive_requests 1000000000; }
  upstream streams { server 127.0.0.1:${origin.tls}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${plain};
    location / { ${keepAlive} proxy_pass http://plain; }
  }
  server {
    listen 127.0.0.1:${tls} ssl;
    location / { ${keepAlive} proxy_pass https://tls; }
  }
  server {
    listen 127.0.0.1:${http2} ssl http2;
    location / { ${keepAlive} proxy_pass https://streams; }
  }
  server {
    listen 127.0.0.1:${newTls} ssl;
    location / { proxy_pass https://127.0.0.1:${origin.tls}; }
  }
  server {
    listen 127.0.0.1:${newTlsVerified} ssl;
    proxy_ssl_verify on;
    proxy_ssl_name localhost;
    proxy_ssl_trusted_certificate ../${AUTHORITY_FILE};
    proxy_ssl_session_reuse off;
    location / { proxy_pass https://127.0.0.1:${origin.tls}; }
  }
  server {
    listen 127.0.0.1:${websocket} ssl;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;
    location / { proxy_pass https://127.0.0.1:${echo}; }
  }`,
  );
  return { process, plain, tls, http2, newTls, newTlsVerified, websocket };
}

/** `servers`: what stands in `http {}`. All its files are in `folder/name`. */
async function start(
  nginx: string,
  folder: string,
  name: string,
  ports: readonly number[],
  servers: string,
): Promise<RunningProgram> {
  const own = `${folder}/${name}`;
  await Deno.writeTextFile(
    `${own}/nginx.conf`,
    `
worker_processes 1;
daemon off;
master_process off;
pid nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
  sendfile on;
  tcp_nodelay on;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  ssl_protocols TLSv1.2 TLSv1.3;
  proxy_ssl_protocols TLSv1.2 TLSv1.3;
  ssl_certificate ../${CERTIFICATE_FILE};
  ssl_certificate_key ../${KEY_FILE};${servers}
}
`,
  );
  const title = name === "nginx" ? "nginx" : `nginx as ${name}`;
  const process = new RunningProgram(title, nginx, ["-p", own, "-c", "nginx.conf", "-e", "stderr"]);
  for (const port of ports) await process.listening(port);
  return process;
}
