// The origin where nginx is not installed: bench_origin.ts PLAIN_PORT TLS_PORT HTTP2_PORT, in a folder with the certificate.

import { CERTIFICATE_FILE, KEY_FILE, resources } from "./bench_nginx.ts";

if (import.meta.main) {
  const [plain, tls, http2] = Deno.args.map(Number);
  const bodies = new Map(resources.map(({ path, size }) => [path, new Uint8Array(size).fill(0x6d)]));
  const address = { hostname: "127.0.0.1", onListen: () => {} };
  const answer = (request: Request): Response => {
    const body = bodies.get(new URL(request.url).pathname);
    return body === undefined ? new Response(null, { status: 404 }) : new Response(body);
  };
  const [cert, key] = [await Deno.readTextFile(CERTIFICATE_FILE), await Deno.readTextFile(KEY_FILE)];
  Deno.serve({ ...address, port: plain ?? 0 }, answer);
  // Deno has no way to leave HTTP/2 out: a client that offers it gets it on both.
  for (const port of [tls, http2]) Deno.serve({ ...address, port: port ?? 0, cert, key }, answer);
}
