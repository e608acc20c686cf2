// Deno.serve as an independent origin: makes bodies, hashes bodies, answers conditionally.

import { createHash } from "node:crypto";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";
import { generatedBytes } from "./generated_bytes.ts";

export interface DenoOrigin extends AsyncDisposable {
  port: number;
}

/** At localhost; with TLS it also speaks HTTP/2, to who asks for it. */
export async function startDenoOrigin(scheme: "http" | "https"): Promise<DenoOrigin> {
  const authority = await testOriginAuthority();
  const leaf = await authority.leafFor({ host: "localhost", extraNames: ["127.0.0.1"] });
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    automaticCompression: true,
    ...(scheme === "http" ? {} : { cert: leaf.certificatePem, key: leaf.keyPem }),
  }, respond);
  return {
    port: server.addr.port,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  };
}

/** What `/digest` answers. */
export interface Digest {
  method: string;
  url: string;
  length: number;
  /** SHA-256 in hex. */
  hash: string;
  fields: [name: string, value: string][];
}

async function respond(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  switch (pathname) {
    case "/digest":
      return Response.json(await digest(request));
    case "/bytes":
      return new Response(bytes(Number(searchParams.get("length"))), {
        headers: searchParams.has("chunked") ? {} : { "content-length": searchParams.get("length") ?? "0" },
      });
    case "/nothing":
      return new Response(null, { status: 204 });
    case "/tagged":
      if (request.headers.get("if-none-match") === '"tag"') {
        return new Response(null, { status: 304, headers: { etag: '"tag"' } });
      }
      return new Response("tagged", { headers: { etag: '"tag"' } });
    case "/text":
      // Deno compresses it for who accepts that.
      return new Response("text ".repeat(2_000), { headers: { "content-type": "text/plain" } });
    case "/refused":
      return new Response("no more, thank you\n", { status: 413 });
    default:
      return new Response(`no ${pathname}\n`, { status: 404 });
  }
}

async function digest(request: Request): Promise<Digest> {
  const hash = createHash("sha256");
  let length = 0;
  for await (const piece of request.body ?? []) {
    hash.update(piece);
    length += piece.length;
  }
  const { method, url, headers } = request;
  return { method, url, length, hash: hash.digest("hex"), fields: [...headers] };
}

function bytes(length: number): ReadableStream<Uint8Array> {
  const source = generatedBytes(length);
  return new ReadableStream({
    pull(controller) {
      const { value, done } = source.next();
      if (done === true) controller.close();
      // The generator uses its buffer again.
      else controller.enqueue(value.slice());
    },
  }, { highWaterMark: 0 });
}
