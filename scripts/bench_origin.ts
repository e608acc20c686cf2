// The origin where nginx is not installed: bench_origin.ts PLAIN_PORT TLS_PORT, in a folder with the certificate.

import { CERTIFICATE_FILE, KEY_FILE, resources } from "./bench_nginx.ts";

if (import.meta.main) {
  const [plain, tls] = Deno.args.map(Number);
  const bodies = new Map(resources.map(({ path, size }) => [path, new Uint8Array(size).fill(0x6d)]));
  const address = { hostname: "127.0.0.1", onListen: () => {} };
  const answer = (request: Request): Response => {
    const body = bodies.get(new URL(request.url).pathname);
    return body === undefined ? new Response(null, { status: 404 }) : new Response(body);
  };
  const [cert, key] = [await Deno.readTextFile(CERTIFICATE_FILE), await Deno.readTextFile(KEY_FILE)];
  Deno.serve({ ...address, port: plain ?? 0 }, answer);
  Deno.serve({ ...address, port: tls ?? 0, cert, key }, answer);
}
